package dev.glimpse.dataset.replica;

import java.time.Duration;

/**
 * The time that has elapsed since a moment. Counts also while the process is stopped or the machine sleeps: of two clocks, which differ
 * about that, the one that says more is right.
 */
public record Elapsed(long nanos, long millis) {
    /** Begun a year before this process, so that every limit is over. */
    public static final Elapsed NEVER =
            new Elapsed(System.nanoTime() - Duration.ofDays(365).toNanos(), 0);

    public static Elapsed started() {
        return new Elapsed(System.nanoTime(), System.currentTimeMillis());
    }

    Duration elapsed() {
        long byClock = System.currentTimeMillis() - millis;
        long byCounter = (System.nanoTime() - nanos) / 1_000_000;
        return Duration.ofMillis(Math.max(byClock, byCounter));
    }

    public boolean isOver(Duration limit) {
        return elapsed().compareTo(limit) > 0;
    }
}
