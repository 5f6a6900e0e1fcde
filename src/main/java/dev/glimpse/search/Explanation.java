package dev.glimpse.search;

import dev.glimpse.dataset.Nearest.Effort;
import dev.glimpse.storage.RequestMeter;
import org.jspecify.annotations.Nullable;

/**
 * What a search took.
 *
 * @param version of the table that was searched
 * @param method {@code exact}, {@code codes}, {@code index} or {@code scan}; see {@link dev.glimpse.dataset.Nearest.Method}
 * @param rows of that version that can be compared
 * @param passing those of them that pass the filters; null if it is not known
 * @param selectivity the share of the rows that pass; null if it is not known, or there are no rows
 * @param compared rows whose vectors were compared in full precision; null if it is not known
 * @param waiting rows that wait to be committed, of which all are compared
 */
record Explanation(
        long version,
        String method,
        long rows,
        @Nullable Long passing,
        @Nullable Double selectivity,
        @Nullable Long compared,
        int waiting,
        Milliseconds milliseconds,
        BucketRequests bucketRequests) {
    /**
     * Time by steps.
     *
     * @param query until words and pictures were vectors
     * @param table until the rows were found, with the wait for a thread
     * @param total both, and what is between
     */
    record Milliseconds(double query, double table, double total) {}

    /** Requests to the bucket, as it charges them. */
    record BucketRequests(long classA, long classB, long free) {}

    static Explanation of(Effort effort, Milliseconds milliseconds, RequestMeter.Totals bucket) {
        Long passing = effort.passing();
        return new Explanation(
                effort.version(),
                effort.method().toString(),
                effort.rows(),
                passing,
                passing == null || effort.rows() == 0 ? null : (double) passing / effort.rows(),
                effort.compared(),
                effort.waiting(),
                milliseconds,
                new BucketRequests(bucket.classA(), bucket.classB(), bucket.free()));
    }
}
