package dev.glimpse.image;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.Decoding.Decoded;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns a picture's bytes into upright pixels, or refuses them by name. The format is what the first bytes say, and the
 * size is checked in the header before anything is decoded. May be shared between threads.
 *
 * <p>A picture that takes too much of a processor's time is given up: whenever its reader wants more bytes, and as it
 * reports that it has made progress. Between two such moments nothing can stop it. The longest that we know of: a
 * lossless WebP does all of its pixels in one go, and a progressive JPEG inside a TIFF all of its scans; of the largest
 * size that is some seconds.
 */
public final class ImageDecoder implements MeterBinder {
    /** Above a phone's everyday photo. */
    public static final long DEFAULT_MAX_PIXELS = 50_000_000;

    /** The bytes of uploads take a quarter of the heap, and the rest of the server needs some. */
    private static final int SHARE_OF_HEAP = 3;

    /** A picture with 16 bits a sample and alpha takes 11: eight, and three more for the result. */
    private static final long BYTES_PER_PIXEL = 12;

    /** With less, not even a photo could be decoded. */
    private static final long LEAST_MEMORY = 24 << 20;

    /** The largest WebP that is accepted takes two thirds of it on a server of 2025; anything else a fifth. */
    public static final Duration DEFAULT_TIME = Duration.ofSeconds(10);

    /** Three bytes each have to fit into an array. */
    public static final long MOST_PIXELS = 500_000_000;

    /** For the pictures before it; each takes much less, see {@link #DEFAULT_TIME}. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What readers say of kinds of pictures that they were not made for. */
    private static final Pattern UNSUPPORTED =
            Pattern.compile("[Uu]nsupported|[Nn]ot (implemented|supported)|Unknown TIFF Compression");

    private final DecodeLimits limits;
    private final Duration time;
    private final LongSupplier clock;
    private final ForeignDecoder foreign;

    /**
     * A decoder with {@link #DEFAULT_TIME} and the memory of {@link #memoryFor}.
     *
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels) {
        this(scheduler, maxPixels, memoryFor(maxPixels), DEFAULT_TIME);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @param maxMemory bytes of heap that all pictures take that are decoded at one time; more than 0
     * @param time of a processor that one picture may take
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels, long maxMemory, Duration time) {
        this(scheduler, maxPixels, maxMemory, time, ForeignDecoder.NONE);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @param maxMemory bytes of heap that all pictures take that are decoded at one time; more than 0
     * @param time of a processor that one picture may take; one of a foreign format may take it twice, there and here
     * @param foreign decodes the formats that no reader in this process knows
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(
            FairScheduler scheduler, long maxPixels, long maxMemory, Duration time, ForeignDecoder foreign) {
        this(scheduler, maxPixels, maxMemory, time, Deadline.PROCESSOR_TIME, PATIENCE, foreign);
    }

    /** @param patience how long a picture waits while other pictures take the memory */
    ImageDecoder(
            FairScheduler scheduler,
            long maxPixels,
            long maxMemory,
            Duration time,
            LongSupplier clock,
            Duration patience) {
        this(scheduler, maxPixels, maxMemory, time, clock, patience, ForeignDecoder.NONE);
    }

    private ImageDecoder(
            FairScheduler scheduler,
            long maxPixels,
            long maxMemory,
            Duration time,
            LongSupplier clock,
            Duration patience,
            ForeignDecoder foreign) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("time must be more than 0: " + time);
        }
        this.limits = new DecodeLimits(scheduler, maxPixels, maxMemory, patience);
        this.time = time;
        this.clock = clock;
        this.foreign = foreign;
        for (ImageFormat format : ImageFormat.values()) {
            if (format != ImageFormat.RAW && !format.isForeign()) {
                PictureReader.requireReaderOf(format);
            }
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        limits.meters().bindTo(registry);
    }

    /** What is decoded here, in the order of the enum. */
    public List<ImageFormat> formats() {
        return Stream.of(ImageFormat.values())
                .filter(format -> !format.isForeign() || foreign.formats().contains(format))
                .toList();
    }

    /**
     * The bytes that pictures may take at one time while they are decoded: a third of the largest heap of this process, or what one
     * ordinary picture of the largest size takes, if that is less.
     *
     * @param maxPixels of one picture
     */
    public static long memoryFor(long maxPixels) {
        long share = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
        return Math.max(LEAST_MEMORY, Math.min(share, DecodeMemory.ALWAYS + maxPixels * BYTES_PER_PIXEL));
    }

    /**
     * How many pixels a picture may have that is read as a whole, with four bytes for each pixel: a lossless WebP, or one with
     * transparency, without its codes. Most others are thinned out while they are read.
     *
     * @param memory bytes, as {@link #memoryFor} gives them
     */
    public static long pixelsReadWhole(long memory) {
        return Math.max(0, memory - DecodeMemory.ALWAYS) / 4;
    }

    /**
     * What the first bytes say, whatever the rest is.
     *
     * @throws UnsupportedImageException if they begin like none of the formats that are decoded here
     */
    public ImageFormat formatOf(byte[] bytes) {
        ImageFormat format = ImageFormat.sniff(bytes)
                .orElseThrow(() -> new UnsupportedImageException(
                        "not a picture we can read: the bytes look like " + Lookalike.of(bytes) + "; " + accepted()));
        if (format.isForeign() && !foreign.formats().contains(format)) {
            throw new UnsupportedImageException(
                    "a picture in the format %s, and this server has no decoder for it: %s; %s"
                            .formatted(format.title(), foreign.advice(format), accepted()));
        }
        return format;
    }

    private String accepted() {
        List<String> titles = formats().stream().map(ImageFormat::title).toList();
        return "accepted are " + String.join(", ", titles.subList(0, titles.size() - 1)) + " and "
                + titles.get(titles.size() - 1);
    }

    /**
     * Decodes what a viewer sees first, upright, for a model: colour profiles are ignored, as they were in the model's training. Of an
     * animation that is the first frame on its canvas, or if that is of one colour, the first that is not. Waits while other pictures take
     * the memory, and until the scheduler lets the ticket run. Decoding pauses while other work goes first.
     *
     * @param ticket of the decoder's scheduler
     * @param use is called once, on the calling thread, while memory is reserved for the pixels; they must not be kept
     * @return what {@code use} returns, which may also throw
     * @throws UnsupportedImageException if the bytes begin like none of the formats that are decoded here
     * @throws ImageTooLargeException if the header announces more pixels than allowed, or more than fit into the memory
     * @throws DamagedImageException if the picture is cut off or otherwise cannot be decoded
     * @throws ImageTooSlowException if it takes too much of a processor's time
     * @throws DecoderBusyException if others do not end in time, or the thread is interrupted
     * @throws DecoderUnavailableException if the program that decodes a foreign format cannot be started any more
     */
    public <T extends @Nullable Object> T decode(byte[] bytes, Ticket ticket, Function<DecodedImage, T> use) {
        try (Decoded decoded = decode(bytes, ticket, Rendering.FOR_A_MODEL)) {
            return use.apply(decoded.image());
        }
    }

    /**
     * Decodes as {@link #decode(byte[], Ticket, Function)}, with as many pixels as a model needs of this part of the picture, if there is
     * memory for that.
     *
     * @param use gets the whole picture, see {@link DecodedImage#part}
     */
    public <T extends @Nullable Object> T decode(
            byte[] bytes, Region region, Ticket ticket, Function<DecodedImage, T> use) {
        try (Decoded decoded = decode(bytes, ticket, new Rendering(false, 0, region))) {
            return use.apply(decoded.image());
        }
    }

    /**
     * Decodes what a viewer sees first, upright, for people: a colour profile is followed, if the reader of the format can do so. Otherwise
     * like {@link #decode}.
     */
    public <T extends @Nullable Object> T decodeInTrueColors(
            byte[] bytes, Ticket ticket, Function<DecodedImage, T> use) {
        try (Decoded decoded = decode(bytes, ticket, Rendering.FOR_PEOPLE)) {
            return use.apply(decoded.image());
        }
    }

    /**
     * Makes a thumbnail: what a viewer sees first, upright and in true colours, of at most {@code side} x {@code side} pixels. Waits as
     * {@link #decode} does, and throws what it throws.
     *
     * @param format must be available
     */
    public byte[] thumbnail(byte[] bytes, int side, ThumbnailFormat format, Ticket ticket) {
        try (Decoded decoded = decode(bytes, ticket, new Rendering(true, side, null))) {
            return ticket.run(slice -> decoded.image().thumbnail(side, format, slice::yieldToOthers));
        }
    }

    private Decoded decode(byte[] bytes, Ticket ticket, Rendering rendering) {
        ImageFormat format = formatOf(bytes);
        return format.isForeign()
                ? decodeForeign(format, bytes, ticket, rendering)
                : decode(format, bytes, ticket, rendering, true);
    }

    private Decoded decodeForeign(ImageFormat format, byte[] bytes, Ticket ticket, Rendering rendering) {
        ForeignDecoder.Picture picture = foreign.open(format, bytes);
        limits.requireAllowed(picture.width(), picture.height());
        return picture.decode(ticket, time, limits.patience(), converted -> {
            ImageFormat between = ImageFormat.sniff(converted)
                    .filter(known -> known == ImageFormat.JPEG || known == ImageFormat.PNG)
                    .orElseThrow(() -> new DamagedImageException(
                            "damaged " + format.title() + ": its decoder made neither a JPEG nor a PNG of it"));
            try {
                // Upright by now. The orientation may still be in the EXIF block, as it was in the original.
                return decode(between, converted, ticket, rendering, false).as(format);
            } catch (DamagedImageException e) {
                throw new DamagedImageException(
                        "damaged " + format.title() + ": what its decoder made of it is damaged (" + e.getMessage()
                                + ")",
                        e);
            }
        });
    }

    private Decoded decode(ImageFormat format, byte[] bytes, Ticket ticket, Rendering rendering, boolean turning) {
        Deadline deadline = new Deadline(time, clock);
        try {
            ReaderInput whole = ReaderInput.of(format, bytes);
            ReaderInput input = turning ? whole : whole.turned(Orientation.UPRIGHT);
            return new Decoding(format, input, rendering, limits, ticket, deadline).firstSight();
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw refusal(format, e);
        }
    }

    /** Readers answer hostile bytes with failures of every kind, and may have put ours into one of theirs. */
    private static RuntimeException refusal(ImageFormat format, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamagedImageException
                    || cause instanceof UnsupportedImageException
                    || cause instanceof ImageTooLargeException
                    || cause instanceof ImageTooSlowException
                    || cause instanceof DecoderBusyException) {
                return (RuntimeException) cause;
            }
        }
        String reason = failure.getMessage() != null
                ? failure.getMessage()
                : failure.getClass().getSimpleName();
        if (UNSUPPORTED.matcher(reason).find()) {
            return UnsupportedImageException.of(format.title() + " (" + reason + ")");
        }
        return new DamagedImageException("damaged " + format.title() + ": " + reason, failure);
    }
}
