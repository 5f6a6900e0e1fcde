package dev.glimpse.storage;

import java.time.Duration;

/**
 * How long a conditional put to a bucket may take.
 *
 * @param attempt one attempt
 * @param whole all attempts together
 * @param readBack reading back what came of them, if the answers were lost
 */
record PutLimits(Duration attempt, Duration whole, Duration readBack) {
    /** The slowest line that is not called a hang. */
    private static final long BYTES_PER_SECOND = 1_000_000;

    /** Limits for a put that nobody waits for. The size is added to the time of an attempt without many bytes. */
    static PutLimits of(Duration small, long bytes) {
        Duration attempt = small.plusSeconds(bytes / BYTES_PER_SECOND);
        return new PutLimits(attempt, attempt.multipliedBy(BucketClient.ATTEMPTS), attempt);
    }

    /** Limits for a put that takes no longer than this time, reading back included. */
    static PutLimits within(Duration time, long bytes) {
        Duration readBack = time.dividedBy(5);
        Duration whole = time.minus(readBack);
        Duration attempt = whole.dividedBy(BucketClient.ATTEMPTS).plusSeconds(bytes / BYTES_PER_SECOND);
        return new PutLimits(attempt.compareTo(whole) < 0 ? attempt : whole, whole, readBack);
    }
}
