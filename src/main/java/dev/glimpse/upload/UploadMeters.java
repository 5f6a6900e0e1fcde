package dev.glimpse.upload;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlTooLargeException;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.meters.Meters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Counts uploads by what became of them, and times them and their steps. Safe for use by several threads. */
final class UploadMeters implements MeterBinder {
    /** For these the client has to send something else. */
    private static final Set<Class<? extends Exception>> REFUSALS = Set.of(
            EmptyFileException.class,
            FileTooLargeException.class,
            MetadataTooLongException.class,
            UnsupportedImageException.class,
            DamagedImageException.class,
            ImageTooLargeException.class,
            ImageTooSlowException.class,
            UrlNotFetchedException.class,
            UrlTooLargeException.class);

    private final Meters meters = new Meters();
    private final Timer latency = meters.timerWithPercentiles(
            "glimpse.upload.latency", "From when a picture's bytes are here until it is stored and found");
    private final Counter stored = outcome("stored");
    private final Counter known = outcome("known");
    private final Counter refused = outcome("refused");
    private final Counter failed = outcome("failed");
    private final Timer wait = step("wait");
    private final Timer decode = step("decode");
    private final Timer store = step("store");
    private final Timer encode = step("encode");

    private Counter outcome(String outcome) {
        return meters.counter("glimpse.uploads", "Uploads by what became of them", "outcome", outcome);
    }

    private Timer step(String step) {
        return meters.timer("glimpse.upload.step", "Steps of an upload", "step", step);
    }

    /** Waiting for a thread and for memory. */
    Timer waits() {
        return wait;
    }

    /** From bytes to pixels that the encoder takes, with the wait for the decoder. */
    Timer decodes() {
        return decode;
    }

    /** Until the store has the picture and its marker. */
    Timer stores() {
        return store;
    }

    /** What is waited for the encoder after that. */
    Timer encodes() {
        return encode;
    }

    void memory(MemoryBudget budget) {
        meters.memory("uploads", () -> budget.size() - budget.free(), budget::size);
    }

    /**
     * Takes note of how an upload ends.
     *
     * @param start as {@link System#nanoTime} tells it
     * @return completes as the upload does, after that
     */
    CompletableFuture<StoredPicture> watched(long start, CompletableFuture<StoredPicture> upload) {
        return upload.whenComplete((picture, failure) -> {
            if (failure == null) {
                latency.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
                (picture.stored() ? stored : known).increment();
            } else {
                (isRefusal(failure) ? refused : failed).increment();
            }
        });
    }

    private static boolean isRefusal(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return REFUSALS.stream().anyMatch(cause.getClass()::equals);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }
}
