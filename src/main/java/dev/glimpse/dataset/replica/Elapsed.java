package dev.glimpse.dataset.replica;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The time that has elapsed since a moment. Counts also while the process is stopped or the machine sleeps: of two clocks, which differ
 * about that, the one that says more is right.
 */
public record Elapsed(Clocks clocks, long nanos, long millis) {
    /** Begun a year before this process, so that every limit is over. */
    public static final Elapsed NEVER = Clocks.SYSTEM.never();

    /**
     * Two clocks that count on their own. Tests bring theirs.
     *
     * @param nanos nanoseconds since any moment; never goes back
     * @param millis milliseconds since 1970
     */
    public record Clocks(LongSupplier nanos, LongSupplier millis) {
        /** Those of the machine. */
        public static final Clocks SYSTEM = new Clocks(System::nanoTime, System::currentTimeMillis);

        /** Starts to count. */
        public Elapsed started() {
            return new Elapsed(this, nanos.getAsLong(), millis.getAsLong());
        }

        /** Has begun a year ago, so that every limit is over. */
        public Elapsed never() {
            return new Elapsed(this, nanos.getAsLong() - Duration.ofDays(365).toNanos(), 0);
        }
    }

    public static Elapsed started() {
        return Clocks.SYSTEM.started();
    }

    Duration elapsed() {
        long byClock = clocks.millis.getAsLong() - millis;
        long byCounter = (clocks.nanos.getAsLong() - nanos) / 1_000_000;
        return Duration.ofMillis(Math.max(byClock, byCounter));
    }

    public boolean isOver(Duration limit) {
        return elapsed().compareTo(limit) > 0;
    }
}
