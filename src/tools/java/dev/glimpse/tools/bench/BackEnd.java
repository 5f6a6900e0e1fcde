package dev.glimpse.tools.bench;

import dev.glimpse.testing.TestBucket;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where Glimpse keeps everything, with the latency and the prices that the publisher of each says: for S3 those of us-east-1, in November 2026.
 *
 * @param rules of the bucket; null for a folder
 */
record BackEnd(String title, @Nullable UnaryOperator<TestBucket> rules, Prices prices) {
    private static final double GIBIBYTE = 1L << 30;

    static final BackEnd FOLDER = new BackEnd("folder", null, new Prices(0, 0, 0, 0, 0, 1e9));

    /**
     * Cloudflare states no latency: these are the times that all tests of Glimpse take for R2. A second write of a key within a second is
     * refused ("Limits" in the documentation of R2). Prices: "Pricing" there.
     */
    static final BackEnd R2 =
            new BackEnd("R2", bucket -> bucket.slow().limitWrites(), new Prices(4.50, 0.36, 0.015, 0, 0, 1e9));

    /**
     * "Roughly 100-200 milliseconds" for small objects ("Best practices design patterns: optimizing Amazon S3 performance" in the Amazon S3
     * User Guide): 150, whatever the request. Prices: "Amazon S3 pricing".
     */
    static final BackEnd S3 = new BackEnd(
            "S3",
            bucket -> bucket.latency(Duration.ofMillis(150), Duration.ofMillis(150)),
            new Prices(5.00, 0.40, 0.023, 0, 0, GIBIBYTE));

    /**
     * "Consistent single-digit millisecond" reads and writes ("Optimizing S3 Express One Zone performance" in the same guide): 5, whatever the
     * request. Prices: the example in "Amazon S3 FAQs", as they are since 10 April 2025.
     */
    static final BackEnd S3_EXPRESS = new BackEnd(
            "S3 Express",
            bucket -> bucket.latency(Duration.ofMillis(5), Duration.ofMillis(5)).directoryListings(1000),
            new Prices(1.13, 0.03, 0.11, 0.0032, 0.0006, GIBIBYTE));

    static final List<BackEnd> ALL = List.of(FOLDER, R2, S3, S3_EXPRESS);

    /**
     * In dollars.
     *
     * @param classA of a million requests that write or list
     * @param classB of a million requests that read
     * @param storage of a gigabyte and month
     * @param up of a gigabyte that is put
     * @param down of a gigabyte that is read
     * @param gigabyte in bytes, as the publisher counts
     */
    record Prices(double classA, double classB, double storage, double up, double down, double gigabyte) {}

    /** A bucket with these rules, which the caller closes; null for the folder. */
    @Nullable TestBucket start() {
        return rules == null ? null : rules.apply(TestBucket.start());
    }
}
