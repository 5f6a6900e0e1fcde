package dev.glimpse.image;

import dev.glimpse.fairness.Slice;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends the decoding of a picture that takes too much processor time. It counts the time that the decoding thread has had of a processor, and
 * not the time of day, because it is no fault of a picture that its thread has to wait for others. For one thread.
 *
 * <p>A reader cannot be stopped from outside. So the bytes that it reads and the listeners that it calls {@linkplain #check ask this}.
 */
final class Deadline {
    /** Tells the processor time that the calling thread has had, in nanoseconds. A call takes half a microsecond. */
    static final LongSupplier PROCESSOR_TIME = ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime;

    private final Duration limit;
    private final LongSupplier clock;
    private final long start;
    private @Nullable Slice slice;

    /**
     * Begins to count now.
     *
     * @param limit processor time until {@link #check} throws
     * @param clock tells nanoseconds of processor time, as {@link #PROCESSOR_TIME} does
     */
    Deadline(Duration limit, LongSupplier clock) {
        this.limit = limit;
        this.clock = clock;
        this.start = clock.getAsLong();
    }

    /** Makes {@link #check} yield the processor to work that goes first, from now on. */
    void during(Slice slice) {
        this.slice = slice;
    }

    /** Whether no more than half of the time is left: then nothing is begun that need not be. */
    boolean isHalfOver() {
        return clock.getAsLong() - start > limit.toNanos() / 2;
    }

    /**
     * Requires that the time is not over.
     *
     * @throws ImageTooSlowException if it is, each time, because a reader may catch the first one
     */
    void check() {
        if (slice != null) {
            slice.yieldToOthers();
        }
        if (clock.getAsLong() - start > limit.toNanos()) {
            throw new ImageTooSlowException(limit);
        }
    }
}
