package dev.glimpse.meters;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;

/**
 * The meters of one part of the server, which it makes when it is made. They count nothing before a registry is bound, and in every
 * registry that is bound from then on. Safe for use by several threads.
 */
public final class Meters implements MeterBinder {
    /** Latest values: percentiles are of this time. */
    public static final Duration LATELY = Duration.ofMinutes(5);

    /** From a search in memory to an upload whose client gives up; thirteen, so that a timer has some sixteen series. */
    private static final Duration[] BUCKETS = DoubleStream.of(
                    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60)
            .mapToObj(seconds -> Duration.ofNanos(Math.round(seconds * 1e9)))
            .toArray(Duration[]::new);

    private static final double[] PERCENTILES = {0.5, 0.95, 0.99};

    private final CompositeMeterRegistry registry = new CompositeMeterRegistry();

    /**
     * A timer with a histogram.
     *
     * @param name in lower case, words parted by dots, without a unit
     * @param description a sentence
     * @param tags names and values in turn
     */
    public Timer timer(String name, String description, String... tags) {
        return builder(name, description, tags).register(registry);
    }

    /** A {@link #timer} that also knows the percentiles 50, 95 and 99 of the last five minutes. It takes about 200 kB. */
    public Timer timerWithPercentiles(String name, String description, String... tags) {
        return builder(name, description, tags)
                .publishPercentiles(PERCENTILES)
                .percentilePrecision(2)
                .distributionStatisticExpiry(LATELY)
                .distributionStatisticBufferLength((int) LATELY.toMinutes())
                .register(registry);
    }

    private static Timer.Builder builder(String name, String description, String... tags) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .maximumExpectedValue(BUCKETS[BUCKETS.length - 1]);
    }

    /**
     * A histogram of sizes.
     *
     * @param buckets upper limits
     * @param tags names and values in turn
     */
    public DistributionSummary sizes(String name, String description, double[] buckets, String... tags) {
        return DistributionSummary.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(buckets)
                .register(registry);
    }

    /**
     * A counter.
     *
     * @param tags names and values in turn
     */
    public Counter counter(String name, String description, String... tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    /**
     * A value of the moment, asked for whenever the registry is read.
     *
     * @param tags names and values in turn
     */
    public void gauge(String name, String description, Supplier<Number> value, String... tags) {
        Gauge.builder(name, value)
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    /**
     * Bytes that a part of the server uses, and the most that it may use.
     *
     * @param area of memory, in a word
     */
    public void memory(String area, Supplier<Number> used, Supplier<Number> limit) {
        bytes("glimpse.memory.used", "Memory in use, of what has a limit", used, area);
        bytes("glimpse.memory.limit", "The most memory that may be used", limit, area);
    }

    private void bytes(String name, String description, Supplier<Number> value, String area) {
        Gauge.builder(name, value)
                .description(description)
                .tag("area", area)
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
    }

    @Override
    public void bindTo(MeterRegistry target) {
        registry.add(target);
    }
}
