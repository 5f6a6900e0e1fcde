package dev.glimpse.fairness;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Limits the memory that several pieces of work take at the same time, in bytes or any other unit. Those that wait for memory get it in
 * the order of their {@link Priority}. So a client that needs much, or asks often, does not hold up others. Views go before uploads, but
 * after some views in a row an upload that waits goes first. Safe for use by several threads.
 */
public final class MemoryBudget {
    /** Leases in a row that more urgent work gets. The next one goes to less urgent work, so that this does not starve. */
    static final int MAX_OVERTAKERS = 4;

    private final FairScheduler scheduler;
    private final long size;

    // The lock of this guards the following fields.

    private final PriorityQueue<Priority> waiting = new PriorityQueue<>();
    private long free;

    /** Leases given while less urgent work waited, since the last one that went to such work. */
    private int overtakers;

    /**
     * @param scheduler of all tickets that are used with this budget
     * @param size the sum that all leases may have at the same time
     */
    public MemoryBudget(FairScheduler scheduler, long size) {
        this.scheduler = scheduler;
        this.size = size;
        this.free = size;
    }

    /** The sum that all leases may have at the same time. */
    public long size() {
        return size;
    }

    /** How many wait for a lease now. */
    public synchronized int waiting() {
        return waiting.size();
    }

    /** What no lease holds now. */
    public synchronized long free() {
        return free;
    }

    /**
     * Waits until this amount is free and no other waiting work goes first, then takes it. The lease must be closed.
     *
     * @param amount at most the size of the budget
     * @param patience how long to wait
     * @throws TimeoutException if the wait takes longer than that
     * @throws InterruptedException if the thread is interrupted
     * @throws IllegalArgumentException if the ticket is of another scheduler
     */
    public Lease acquire(long amount, Ticket ticket, Duration patience) throws InterruptedException, TimeoutException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (ticket.scheduler() != scheduler) {
            throw new IllegalArgumentException("the ticket is of another scheduler than this budget");
        }
        // Not within the lock of this, because it takes the lock of the scheduler.
        Priority priority = ticket.priority();
        synchronized (this) {
            waiting.add(priority);
            try {
                long end = System.nanoTime() + patience.toNanos();
                while (!next().equals(priority) || free < amount) {
                    long left = end - System.nanoTime();
                    if (left <= 0) {
                        throw new TimeoutException("not free within " + patience.toMillis() + " ms: " + amount);
                    }
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
                free -= amount;
                overtakers = waiting.stream().anyMatch(priority::isMoreUrgentThan) ? overtakers + 1 : 0;
                return new Lease(this, amount);
            } finally {
                waiting.remove(priority);
                notifyAll();
            }
        }
    }

    private Priority next() {
        Priority first = waiting.element();
        if (overtakers < MAX_OVERTAKERS) {
            return first;
        }
        return waiting.stream()
                .filter(first::isMoreUrgentThan)
                .min(Comparator.naturalOrder())
                .orElse(first);
    }

    synchronized void release(long amount) {
        free += amount;
        notifyAll();
    }
}
