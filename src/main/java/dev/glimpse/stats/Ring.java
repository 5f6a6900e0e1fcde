package dev.glimpse.stats;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The latest samples of all {@link Series}, in memory of a fixed size. Safe for use by several threads. */
final class Ring {
    private static final MathContext DIGITS = new MathContext(6);

    /** The clock may tell a little less than the timer. */
    private static final Duration EARLY = Duration.ofSeconds(2);

    private final Duration interval;
    private final long[] times;
    private final Map<Series, double[]> values = new EnumMap<>(Series.class);

    /** Samples that were ever added. */
    private long added;

    /**
     * @param interval between two samples
     * @param span of all that is kept
     */
    Ring(Duration interval, Duration span) {
        int capacity = (int) span.dividedBy(interval);
        this.interval = interval;
        this.times = new long[capacity];
        for (Series series : Series.values()) {
            values.put(series, new double[capacity]);
        }
    }

    /**
     * Samples, the oldest first.
     *
     * @param times in seconds since 1970
     * @param series a value for each time, by name; null where there was nothing, and first of what is told for each second
     */
    record Samples(long intervalSeconds, List<Long> times, Map<String, List<@Nullable Double>> series) {}

    /** Adds the sample if its time has come: an interval after the one before, or two seconds less. */
    synchronized void add(Instant at, Map<Series, Double> sample) {
        if (added > 0) {
            Duration since = Duration.ofSeconds(at.getEpochSecond() - times[place(added - 1)]);
            if (since.plus(EARLY).compareTo(interval) < 0) {
                return;
            }
        }
        int place = place(added);
        times[place] = at.getEpochSecond();
        values.forEach((series, of) -> of[place] = sample.getOrDefault(series, Double.NaN));
        added++;
    }

    private int place(long sample) {
        return (int) (sample % times.length);
    }

    private long oldest() {
        return Math.max(0, added - times.length);
    }

    /** The value of the oldest sample, with its time. Null if there is no sample. */
    synchronized @Nullable Point first(Series series) {
        return added == 0 ? null : new Point(Instant.ofEpochSecond(times[place(oldest())]), value(oldest(), series));
    }

    record Point(Instant at, double value) {}

    private double value(long sample, Series series) {
        return Objects.requireNonNull(values.get(series))[place(sample)];
    }

    /** @param after seconds since 1970; samples of this time and older ones are left out */
    synchronized Samples after(long after) {
        long from = oldest();
        while (from < added && times[place(from)] <= after) {
            from++;
        }
        List<Long> shown = new ArrayList<>();
        Map<String, List<@Nullable Double>> series = new LinkedHashMap<>();
        for (Series each : Series.values()) {
            List<@Nullable Double> of = new ArrayList<>();
            for (long sample = from; sample < added; sample++) {
                of.add(told(sample, each));
            }
            series.put(each.key, of);
        }
        for (long sample = from; sample < added; sample++) {
            shown.add(times[place(sample)]);
        }
        return new Samples(interval.toSeconds(), shown, series);
    }

    private @Nullable Double told(long sample, Series series) {
        double value = value(sample, series);
        if (!series.isRate) {
            return rounded(value);
        }
        if (sample == oldest()) {
            return null;
        }
        long seconds = times[place(sample)] - times[place(sample - 1)];
        return rounded((value - value(sample - 1, series)) / (double) seconds);
    }

    private static @Nullable Double rounded(double value) {
        if (!Double.isFinite(value)) {
            return null;
        }
        return value == Math.rint(value)
                ? value
                : Double.valueOf(new BigDecimal(value).round(DIGITS).doubleValue());
    }
}
