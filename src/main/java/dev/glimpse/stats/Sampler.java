package dev.glimpse.stats;

import dev.glimpse.stats.Ring.Point;
import dev.glimpse.stats.Ring.Samples;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Remembers how the server was in the last hour and in the last day, and what it has cost today. One thread takes the samples; other methods
 * are for any thread. A restart begins anew.
 */
@Component
final class Sampler implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(Sampler.class);

    private static final Duration OFTEN = Duration.ofSeconds(10);
    private static final Duration SELDOM = Duration.ofMinutes(5);
    private static final Duration MONTH = Duration.ofDays(30);

    /** What is known of less time says little about a month. */
    private static final Duration ENOUGH = Duration.ofMinutes(10);

    private final Figures figures;
    private final Clock clock;
    private final Instant started;
    private final Ring hour = new Ring(OFTEN, Duration.ofHours(1));
    private final Ring day = new Ring(SELDOM, Duration.ofDays(1));

    /** When today began, or the server if that was later, and what had been spent by then. */
    private volatile Point today;

    private @Nullable ScheduledExecutorService thread;

    @Autowired
    Sampler(Figures figures) {
        this(figures, Clock.systemUTC());
    }

    Sampler(Figures figures, Clock clock) {
        this.figures = figures;
        this.clock = clock;
        this.started = clock.instant();
        this.today = new Point(started, 0);
    }

    /** What has been spent for requests since {@code since}, in dollars. */
    record Today(Instant since, double dollars) {}

    /** Takes a sample. */
    void sample() {
        Instant now = clock.instant();
        Map<Series, Double> sample = new EnumMap<>(Series.class);
        for (Series series : Series.values()) {
            sample.put(series, series.in(figures));
        }
        Instant midnight =
                now.atZone(ZoneOffset.UTC).truncatedTo(ChronoUnit.DAYS).toInstant();
        if (today.at().isBefore(midnight)) {
            today = new Point(midnight, sample.getOrDefault(Series.DOLLARS, 0.0));
        }
        hour.add(now, sample);
        day.add(now, sample);
    }

    /** @param after seconds since 1970 */
    Samples hour(long after) {
        return hour.after(after);
    }

    /** @param after seconds since 1970 */
    Samples day(long after) {
        return day.after(after);
    }

    /** What today has cost: since midnight of UTC as the samples tell it, or since the start. */
    Today today() {
        return new Today(today.at(), Series.DOLLARS.in(figures) - today.value());
    }

    /** What a month of days like the last one costs, in dollars for requests; null if too little of it is known. */
    @Nullable Double month() {
        Point oldest = day.first(Series.DOLLARS);
        // What the start costs is not for each day.
        Duration known = oldest == null ? Duration.ZERO : Duration.between(oldest.at(), clock.instant());
        return oldest == null || known.compareTo(ENOUGH) < 0
                ? null
                : (Series.DOLLARS.in(figures) - oldest.value()) * MONTH.toSeconds() / known.toSeconds();
    }

    @Override
    public void start() {
        ScheduledExecutorService started = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread sampler = new Thread(task, "stats-sampler");
            sampler.setDaemon(true);
            return sampler;
        });
        thread = started;
        Future<?> unused = started.scheduleAtFixedRate(this::sampleSafely, 0, OFTEN.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A failure would end the samples for good. */
    private void sampleSafely() {
        try {
            sample();
        } catch (RuntimeException e) {
            log.warn("a sample of the statistics is missing: {}", e.toString());
        }
    }

    @Override
    public void stop() {
        ScheduledExecutorService running = thread;
        if (running != null) {
            running.shutdownNow();
            thread = null;
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }
}
