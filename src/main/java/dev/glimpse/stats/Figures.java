package dev.glimpse.stats;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Reads the server's meters: what {@code /stats} shows of them is what {@code /actuator/prometheus} serves. Tags are names and values in
 * turn; meters with other tags besides are summed. Safe for use by several threads.
 */
@Component
final class Figures {
    private final MeterRegistry registry;

    Figures(MeterRegistry registry) {
        this.registry = registry;
    }

    /** The sum of counters, or the number of values that timers and summaries have taken. */
    double count(String name, String... tags) {
        return meters(name, tags).stream()
                .mapToDouble(meter -> meter.match(
                        gauge -> 0.0,
                        counter -> counter.count(),
                        timer -> (double) timer.count(),
                        summary -> (double) summary.count(),
                        longTaskTimer -> 0.0,
                        timeGauge -> 0.0,
                        counter -> counter.count(),
                        timer -> timer.count(),
                        other -> 0.0))
                .sum();
    }

    long whole(String name, String... tags) {
        return Math.round(count(name, tags));
    }

    /** The sum of the times that timers have taken, in seconds, or of the values of summaries. */
    double sum(String name, String... tags) {
        return meters(name, tags).stream()
                .mapToDouble(meter -> meter instanceof Timer timer
                        ? timer.totalTime(TimeUnit.SECONDS)
                        : meter instanceof DistributionSummary summary ? summary.totalAmount() : 0)
                .sum();
    }

    /** The sum of gauges. */
    double value(String name, String... tags) {
        return registry.find(name).tags(tags).gauges().stream()
                .mapToDouble(gauge -> gauge.value())
                .sum();
    }

    /**
     * A percentile of the last minutes, in seconds.
     *
     * @param part 0.5, 0.95 or 0.99
     * @return null if nothing was timed in that time
     */
    @Nullable Double percentile(String timer, double part) {
        return registry.find(timer).timers().stream()
                .flatMap(each -> Arrays.stream(each.takeSnapshot().percentileValues()))
                .filter(each -> each.percentile() == part)
                .map((ValueAtPercentile each) -> each.value(TimeUnit.SECONDS))
                // An empty histogram says 0, and no search or upload takes no time.
                .filter(seconds -> seconds > 0)
                .findFirst()
                .orElse(null);
    }

    private Collection<Meter> meters(String name, String... tags) {
        return registry.find(name).tags(tags).meters();
    }
}
