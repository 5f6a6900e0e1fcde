package dev.glimpse.image;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/**
 * Memory for what is to be done, in whatever unit. Who waits for it waits in the order of {@link Processors.Rank}, so that those
 * who want much, or ask often, do not hold up others. Views come before uploads, but after some views in a row an upload that waits
 * goes first. All claims must be of one scheduler. Safe to share between threads.
 */
public final class Room {
    /** So many claims in a row overtake those of a later class; then one of these goes first, so that they do not starve. */
    static final int MOST_OVERTAKERS = 4;

    // Guarded by this.
    private final PriorityQueue<Processors.Rank> waiting = new PriorityQueue<>();
    private long free;

    /** Claims that took room while others of a later class waited, since one of these took some. */
    private int overtakers;

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
     * @throws IllegalArgumentException if a claim of another scheduler waits
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
                while (!next().equals(rank) || free < amount) {
                    long left = end - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
                free -= amount;
                overtakers = waiting.stream().anyMatch(rank::isOfEarlierClassThan) ? overtakers + 1 : 0;
                return true;
            } finally {
                waiting.remove(rank);
                notifyAll();
            }
        }
    }

    private Processors.Rank next() {
        Processors.Rank first = waiting.element();
        if (overtakers < MOST_OVERTAKERS) {
            return first;
        }
        return waiting.stream()
                .filter(first::isOfEarlierClassThan)
                .min(Comparator.naturalOrder())
                .orElse(first);
    }

    public synchronized void giveBack(long amount) {
        free += amount;
        notifyAll();
    }
}
