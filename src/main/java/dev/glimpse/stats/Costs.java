package dev.glimpse.stats;

import dev.glimpse.storage.RequestMeter;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the bucket costs, in dollars by R2's prices.
 *
 * @param since when today began: midnight of UTC, or the start of the server if that was later
 * @param today what requests have cost since
 * @param requestsPerMonth what requests cost in thirty days like the last 24 hours; null in the first minutes
 * @param storagePerMonth what pictures and table cost in a month; null for a folder, and where the table is not in memory
 * @param uses what requests since the start were for
 */
public record Costs(
        Instant since,
        double today,
        @Nullable Double requestsPerMonth,
        @Nullable Double storagePerMonth,
        List<Use> uses) {
    /** What R2 takes in a month. Versions that are kept and the trash are not in it. */
    private static final double DOLLARS_PER_BYTE = 0.015 / 1e9;

    /** Requests for one use. */
    public record Use(String use, long classA, long classB, long free, double dollars) {}

    static Costs of(Sampler sampler, RequestMeter meter, @Nullable Long bytes) {
        Sampler.Today today = sampler.today();
        return new Costs(
                today.since(),
                today.dollars(),
                sampler.month(),
                bytes == null ? null : bytes * DOLLARS_PER_BYTE,
                meter.spent().stream()
                        .map(spent -> new Use(
                                spent.use().toString(), spent.classA(), spent.classB(), spent.free(), spent.dollars()))
                        .toList());
    }
}
