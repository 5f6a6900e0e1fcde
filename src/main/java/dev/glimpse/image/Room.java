package dev.glimpse.image;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/**
 * Memory for what is to be done, in whatever unit. Who waits for it waits in the order of {@link Processors.Rank}, so that those
 * who want much, or ask often, do not hold up others. Safe to share between threads.
 */
public final class Room {
    // Guarded by this.
    private final PriorityQueue<Processors.Rank> waiting = new PriorityQueue<>();
    private long free;

    /** @param size of all that is in it at one time */
    public Room(long size) {
        this.free = size;
    }

    public synchronized long free() {
        return free;
    }

    /**
     * Takes this much as soon as it is free and nobody comes before. Whoever gets it gives it back.
     *
     * @param amount at most the size
     * @return false if that takes longer than the patience
     */
    public boolean take(long amount, Processors.Claim claim, Duration patience) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        Processors.Rank rank = claim.rank();
        synchronized (this) {
            waiting.add(rank);
            try {
                long end = System.nanoTime() + patience.toNanos();
                while (!waiting.element().equals(rank) || free < amount) {
                    long left = end - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
                free -= amount;
                return true;
            } finally {
                waiting.remove(rank);
                notifyAll();
            }
        }
    }

    public synchronized void giveBack(long amount) {
        free += amount;
        notifyAll();
    }
}
