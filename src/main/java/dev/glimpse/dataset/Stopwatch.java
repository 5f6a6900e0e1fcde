package dev.glimpse.dataset;

import java.time.Duration;

/**
 * Time since a moment, counted also while the process is stopped or the machine sleeps: of the two clocks, which do not agree
 * about that, the one that says more.
 */
record Stopwatch(long nanos, long millis) {
    /** So long ago that everything is over. */
    static final Stopwatch NEVER =
            new Stopwatch(System.nanoTime() - Duration.ofDays(365).toNanos(), 0);

    static Stopwatch started() {
        return new Stopwatch(System.nanoTime(), System.currentTimeMillis());
    }

    Duration elapsed() {
        long byClock = System.currentTimeMillis() - millis;
        long byCounter = (System.nanoTime() - nanos) / 1_000_000;
        return Duration.ofMillis(Math.max(byClock, byCounter));
    }

    boolean isOver(Duration limit) {
        return elapsed().compareTo(limit) > 0;
    }
}
