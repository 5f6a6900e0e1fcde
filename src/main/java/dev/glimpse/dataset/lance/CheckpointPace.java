package dev.glimpse.dataset.lance;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Decides when a {@link Checkpoint} of served rows is due: as soon as there can be one, when many rows were put since the last one, or when that
 * is some time ago. A later process reads again what was put since. For one thread.
 */
final class CheckpointPace {
    static final Duration INTERVAL = Duration.ofMinutes(10);

    /** It is due when one row for so many was put. */
    static final int SHARES = 16;

    /** It is not due for fewer rows: these are soon read again. */
    static final long FEW_ROWS = 10_000;

    private final LongSupplier clock;

    /** The version of the last checkpoint; 0 if there is none. */
    private long version;

    private long rows;

    /** When the last one was written or failed. */
    private long since;

    private boolean failed;

    private boolean ended;

    /** @param clock in nanoseconds */
    CheckpointPace(LongSupplier clock) {
        this.clock = clock;
        this.since = clock.getAsLong();
    }

    /** Says that so many rows were put. */
    void put(long count) {
        rows += count;
    }

    /**
     * Whether it is time.
     *
     * @param current the version that the rows are of; 0 if they are of none yet
     * @param live number of the rows
     * @param regrouped whether there are other partitions than in the last checkpoint
     */
    boolean isDue(long current, long live, boolean regrouped) {
        if (!isBehind(current, regrouped)) {
            return false;
        }
        boolean late = clock.getAsLong() - since >= INTERVAL.toNanos();
        return late || (!failed && (version == 0 || regrouped || rows > Math.max(FEW_ROWS, live / SHARES)));
    }

    /** Whether the last checkpoint is not of what there is now. */
    boolean isBehind(long current, boolean regrouped) {
        return !ended && current > 0 && (current != version || regrouped);
    }

    /** Says that there is a checkpoint of this version. */
    void written(long of) {
        version = of;
        rows = 0;
        since = clock.getAsLong();
        failed = false;
    }

    /**
     * Says that there must be no other. What the system has failed to bring to the disk is lost, though it may say the next time that all is
     * there.
     */
    void end() {
        ended = true;
    }

    /** Says that one could not be written. The next one is due after the usual time. */
    void failed() {
        since = clock.getAsLong();
        failed = true;
    }
}
