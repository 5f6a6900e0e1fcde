package dev.glimpse.image;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.meters.Meters;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What pictures may take, one alone and all that are decoded at one time. May be shared between threads. */
final class DecodeLimits {
    /** What JPEG and GIF can hold at most; beyond it the resampling weights of one line alone would take much memory. */
    static final int MAX_SIDE = 65_535;

    /** The most bits of a pixel in a TIFF of the largest size that is accepted. A TIFF may have any number of samples for each pixel. */
    private static final long MAX_BITS_PER_PIXEL = 256;

    private final long maxPixels;
    private final long maxMemory;
    private final Duration patience;

    /** For what is being decoded at one time, over all threads, in bytes: one large picture, or many small ones. */
    private final MemoryBudget memory;

    private final Meters meters = new Meters();
    private final Timer waits =
            meters.timer("glimpse.decoder.wait", "From when a picture is to be decoded until that begins");
    private final Timer runs = meters.timer("glimpse.decoder.run", "What decoding takes, with its pauses");

    /**
     * @param scheduler of all tickets that memory is reserved for
     * @param maxPixels of one picture
     * @param maxMemory bytes of heap that all pictures take that are decoded at one time
     * @param patience how long a picture waits while other pictures take the memory
     */
    DecodeLimits(FairScheduler scheduler, long maxPixels, long maxMemory, Duration patience) {
        if (maxPixels < 1 || maxPixels > ImageDecoder.MOST_PIXELS) {
            throw new IllegalArgumentException("maxPixels must be 1 to " + ImageDecoder.MOST_PIXELS + ": " + maxPixels);
        }
        if (maxMemory < 1) {
            throw new IllegalArgumentException("maxMemory must be more than 0: " + maxMemory);
        }
        this.maxPixels = maxPixels;
        this.maxMemory = maxMemory;
        this.patience = patience;
        this.memory = new MemoryBudget(scheduler, maxMemory);
        meters.gauge("glimpse.decoder.queue", "Pictures that wait for memory to be decoded", memory::waiting);
        meters.memory("decoder", () -> memory.size() - memory.free(), memory::size);
    }

    Meters meters() {
        return meters;
    }

    /** @param nanos between when a picture is to be decoded and when that begins */
    void waited(long nanos) {
        waits.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** @param nanos that decoding took */
    void ran(long nanos) {
        runs.record(nanos, TimeUnit.NANOSECONDS);
    }

    Duration patience() {
        return patience;
    }

    boolean allow(long width, long height) {
        return width <= MAX_SIDE && height <= MAX_SIDE && width * height <= maxPixels;
    }

    /** @throws ImageTooLargeException if a picture has more pixels than allowed, or a longer side */
    void requireAllowed(long width, long height) {
        if (!allow(width, height)) {
            throw new ImageTooLargeException(width, height, maxPixels);
        }
    }

    /** @throws DamagedImageException if the pixels of a TIFF have more samples than is sane */
    void requireModestDepth(long bitsPerPixel, long pixels) {
        if (pixels * bitsPerPixel > maxPixels * MAX_BITS_PER_PIXEL) {
            throw new DamagedImageException(
                    "damaged TIFF: %d bits for each of %d pixels".formatted(bitsPerPixel, pixels));
        }
    }

    /** Whether one picture may take so many bytes, if no other is being decoded. */
    boolean fit(long bytes) {
        return bytes <= maxMemory;
    }

    long maxMemory() {
        return maxMemory;
    }

    /**
     * Waits for memory.
     *
     * @param bytes at most {@link #maxMemory}
     * @return to be closed when the memory is not used any more
     * @throws DecoderBusyException if others do not end in time, or the thread is interrupted
     */
    Lease acquire(long bytes, Ticket ticket) {
        try {
            return memory.acquire(bytes, ticket, patience);
        } catch (TimeoutException e) {
            throw new DecoderBusyException(
                    "other pictures have been decoded for " + patience.toMillis() + " ms; try again later");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DecoderBusyException("interrupted while other pictures were decoded");
        }
    }
}
