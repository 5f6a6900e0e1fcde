package dev.glimpse.dataset.table;

import dev.glimpse.dataset.TableBusyException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The threads that read a table, and what waits for them. The queue is bounded by the time that it will take: of quick searches
 * hundreds may wait, of slow ones a few, and who waits is answered within {@link #LONGEST_WAIT} as far as can be foreseen. Safe for
 * use by several threads.
 */
final class ReadPool implements AutoCloseable {
    /** People take an answer that is later for none, and the table gives up after ten seconds. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    /** However quick they are: more than the server has threads that could ask. */
    private static final int MOST_WAITING = 1_000;

    /** Weight of the newest task in the mean: what was before the last ten or twenty hardly counts. */
    private static final double WEIGHT = 0.1;

    private final ThreadPoolTaskExecutor pool;
    private final int threads;
    private final LongSupplier nanos;

    /** What a task has taken lately, nanoseconds. Guarded by this. */
    private double mean;

    /** @param nanos a clock that never goes back, nanoseconds */
    ReadPool(int threads, LongSupplier nanos) {
        this.threads = threads;
        this.nanos = nanos;
        this.pool = OpenTable.pool("lance-read", threads, MOST_WAITING);
    }

    /**
     * Does a task when a thread is free. How long it takes says how long others will wait.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    <T> Future<T> submit(Callable<T> task) {
        Duration wait = expectedWait();
        if (wait.compareTo(LONGEST_WAIT) > 0) {
            throw busy(wait);
        }
        return scan(() -> {
            long start = nanos.getAsLong();
            try {
                return task.call();
            } finally {
                took(nanos.getAsLong() - start);
            }
        });
    }

    /**
     * As {@link #submit}, for a task that takes much longer than others do, and says nothing about them.
     *
     * @throws TableBusyException if too many tasks wait already
     */
    <T> Future<T> scan(Callable<T> task) {
        try {
            return pool.submit(task);
        } catch (TaskRejectedException e) {
            throw busy(expectedWait());
        }
    }

    private TableBusyException busy(Duration wait) {
        return new TableBusyException(
                "%d searches wait already, which will take %.1f s".formatted(waiting(), wait.toMillis() / 1e3), wait);
    }

    private synchronized void took(long time) {
        mean = mean == 0 ? time : mean + WEIGHT * (time - mean);
    }

    /** Until a task that comes now would begin. */
    synchronized Duration expectedWait() {
        return Duration.ofNanos((long) (mean * waiting() / threads));
    }

    private int waiting() {
        return pool.getThreadPoolExecutor().getQueue().size();
    }

    /** Tasks that run. */
    int active() {
        return pool.getActiveCount();
    }

    /** Lets running tasks finish, for a moment. */
    @Override
    public void close() {
        pool.shutdown();
    }
}
