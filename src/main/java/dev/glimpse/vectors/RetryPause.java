package dev.glimpse.vectors;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How long something is not tried again that failed: a minute, and twice as long after each further time, up to an hour. Its owner sees to it
 * that one thread at a time uses it.
 */
final class RetryPause {
    private static final long FIRST_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long LONGEST_NANOS = TimeUnit.HOURS.toNanos(1);

    private final LongSupplier clock;

    /** 0 if the last time was no failure. */
    private long nanos;

    private long since;

    /** @param clock in nanoseconds */
    RetryPause(LongSupplier clock) {
        this.clock = clock;
    }

    boolean isOver() {
        return nanos == 0 || clock.getAsLong() - since >= nanos;
    }

    /** Begins a pause, and says how many seconds it takes. */
    long begin() {
        nanos = Math.min(LONGEST_NANOS, Math.max(FIRST_NANOS, 2 * nanos));
        since = clock.getAsLong();
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    /** Says that it did not fail. */
    void end() {
        nanos = 0;
    }
}
