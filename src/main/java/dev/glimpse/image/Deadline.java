package dev.glimpse.image;

import dev.glimpse.fairness.Slice;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The processor time that one picture may take of the thread that decodes it. Not the time of day: that a thread has to
 * wait for others is no fault of its picture. For one thread.
 *
 * <p>Readers cannot be stopped from outside: what they ask for while they read, bytes and listeners, ends them from
 * within.
 */
final class Deadline {
    /** What the running thread has had of a processor, in nanoseconds. A look costs half a microsecond. */
    static final LongSupplier PROCESSOR_TIME = ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime;

    private final Duration limit;
    private final LongSupplier clock;
    private final long start;
    private @Nullable Slice slice;

    /** Begins to count now. */
    Deadline(Duration limit, LongSupplier clock) {
        this.limit = limit;
        this.clock = clock;
        this.start = clock.getAsLong();
    }

    /** From now on, {@link #check} yields to work that goes first. */
    void during(Slice slice) {
        this.slice = slice;
    }

    /** Whether no more than half of the time is left: then nothing is begun that need not be. */
    boolean isHalfOver() {
        return clock.getAsLong() - start > limit.toNanos() / 2;
    }

    /** @throws ImageTooSlowException if the time is over; and again each time, should a reader have caught it */
    void check() {
        if (slice != null) {
            slice.yieldToOthers();
        }
        if (clock.getAsLong() - start > limit.toNanos()) {
            throw new ImageTooSlowException(limit);
        }
    }
}
