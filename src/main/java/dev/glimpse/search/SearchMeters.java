package dev.glimpse.search;

import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.meters.Meters;
import dev.glimpse.request.CursorExpiredException;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.PictureNotFoundException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Counts searches by what became of them, and times them. The table times its own steps. Safe for use by several threads. */
final class SearchMeters implements MeterBinder {
    /** For these the client has to ask for something else. */
    private static final Set<Class<? extends Exception>> REFUSALS = Set.of(
            InvalidQueryException.class,
            PictureNotFoundException.class,
            CursorExpiredException.class,
            VersionNotFoundException.class,
            UnsupportedImageException.class,
            DamagedImageException.class,
            ImageTooLargeException.class,
            ImageTooSlowException.class);

    private final Meters meters = new Meters();
    private final Timer latency = meters.timerWithPercentiles(
            "glimpse.search.latency", "What a search takes, without reading and writing JSON");
    private final Timer encode = meters.timer("glimpse.search.step", "Steps of a search", "step", "encode");
    private final Counter answered = outcome("answered");
    private final Counter refused = outcome("refused");
    private final Counter failed = outcome("failed");

    private Counter outcome(String outcome) {
        return meters.counter("glimpse.searches", "Searches by what became of them", "outcome", outcome);
    }

    /** @param start of the search, as {@link System#nanoTime} tells it, like the others */
    void answered(long start, long encoded, long end) {
        latency.record(end - start, TimeUnit.NANOSECONDS);
        encode.record(encoded - start, TimeUnit.NANOSECONDS);
        answered.increment();
    }

    void failed(RuntimeException failure) {
        (REFUSALS.stream().anyMatch(failure.getClass()::equals) ? refused : failed).increment();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }
}
