package dev.glimpse.sources;

import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecoderBusyException;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.storage.ObjectStore;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Reads objects of sources, and makes rows of those that are pictures. Decoding and encoding take turns with uploads, and wait for searches
 * and views. Safe for use by several threads, but for {@link #pace}.
 */
final class ObjectReader {
    /**
     * Objects that are fetched, decoded or encoded at the same time: a batch of eight for each of two encoders, and as many on their way
     * from the store.
     */
    static final int AT_ONCE = 32;

    private static final Logger log = LoggerFactory.getLogger(ObjectReader.class);

    /** A picture that finds no room for so long is left for the next look. */
    private static final int TRIES = 60;

    private static final long PAUSE_NANOS = 500_000_000;

    private final ObjectStore store;
    private final RowDeriver deriver;
    private final FairScheduler scheduler;
    private final DataSize largest;
    private final long pauseNanos;
    private long nextNanos = System.nanoTime();

    /**
     * @param largest object that is read
     * @param perSecond the most objects in a second; 0 for no such bound
     */
    ObjectReader(ObjectStore store, RowDeriver deriver, FairScheduler scheduler, DataSize largest, double perSecond) {
        this.store = store;
        this.deriver = deriver;
        this.scheduler = scheduler;
        this.largest = largest;
        this.pauseNanos = perSecond == 0 ? 0 : (long) (1e9 / perSecond);
    }

    /** What an object is: a picture, refused, or neither if it is gone or has grown. */
    static final class Found {
        private final byte @Nullable [] bytes;
        private final @Nullable ImageId id;
        private final @Nullable String refusal;

        private Found(byte @Nullable [] bytes, @Nullable ImageId id, @Nullable String refusal) {
            this.bytes = bytes;
            this.id = id;
            this.refusal = refusal;
        }

        private static Found refused(String why) {
            return new Found(null, null, why);
        }

        /** Null if it is no picture. */
        @Nullable ImageId id() {
            return id;
        }

        /** Why it is no picture of ours; null if it is one, or is gone. */
        @Nullable String refusal() {
            return refusal;
        }
    }

    /** The most bytes of objects that are in memory at the same time. */
    long most() {
        return 4 * largest.toBytes();
    }

    /** How many bytes of this object are in memory while it is read. */
    long held(Place place) {
        return isTooLarge(place) ? 0 : place.bytes();
    }

    private boolean isTooLarge(Place place) {
        return place.bytes() > largest.toBytes();
    }

    /** Waits until the next object may be read. For one thread. */
    void pace() {
        if (pauseNanos > 0) {
            long now = System.nanoTime();
            if (nextNanos - now > 0) {
                LockSupport.parkNanos(nextNanos - now);
            }
            nextNanos = Math.max(now, nextNanos) + pauseNanos;
        }
    }

    /**
     * Reads an object, unless it is too large.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    Found read(Place place) {
        if (isTooLarge(place)) {
            return Found.refused("it has " + place.bytes() + " bytes, more than the " + largest.toMegabytes()
                    + " MB that a picture may have");
        }
        if (place.bytes() == 0) {
            return Found.refused("it is empty");
        }
        Optional<byte[]> bytes = store.get(place.key(), place.bytes());
        if (bytes.isEmpty()) {
            return new Found(null, null, null);
        }
        try {
            ImageFormat format = deriver.formatOf(bytes.get());
            return new Found(bytes.get(), ImageId.of(bytes.get(), format), null);
        } catch (UnsupportedImageException e) {
            return Found.refused(String.valueOf(e.getMessage()));
        }
    }

    /**
     * The row of a picture, and why there is none.
     *
     * @param row null if there is none
     * @param refusal why there can be none; null if there is one, or if it may be made later
     */
    record Outcome(@Nullable PictureRow row, @Nullable String refusal) {}

    /**
     * Makes the row of a picture. Waits for the encoder.
     *
     * @param said of it
     */
    Outcome row(Place place, Found found, UploadMetadata said) {
        byte[] bytes = found.bytes;
        ImageId id = found.id;
        if (bytes == null || id == null) {
            return new Outcome(null, null);
        }
        for (int i = 0; i < TRIES; i++) {
            try {
                return new Outcome(
                        deriver.rowAt(
                                        place,
                                        deriver.derive(
                                                id, bytes, scheduler.ticket(new Flow("sources", "", Purpose.UPLOAD))),
                                        said)
                                .join(),
                        null);
            } catch (UnsupportedImageException
                    | DamagedImageException
                    | ImageTooLargeException
                    | ImageTooSlowException e) {
                return new Outcome(null, String.valueOf(e.getMessage()));
            } catch (DecoderUnavailableException e) {
                log.warn("{} is read at the next look: {}", place.key(), e.getMessage());
                return new Outcome(null, null);
            } catch (DecoderBusyException | EncoderBusyException e) {
                LockSupport.parkNanos(PAUSE_NANOS);
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof EncoderBusyException)) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            if (Thread.currentThread().isInterrupted()) {
                return new Outcome(null, null);
            }
        }
        return new Outcome(null, null);
    }
}
