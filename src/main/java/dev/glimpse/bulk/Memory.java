package dev.glimpse.bulk;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Bounds the bytes of pictures that are in hand. For all threads. */
final class Memory {
    /** A picture takes this beside its bytes. */
    private static final int OVERHEAD_KIB = 4;

    private static final int POLL_MILLIS = 200;

    private final int total;
    private final Semaphore free;
    private volatile boolean isStopped;

    Memory(int mebibytes) {
        this.total = mebibytes << 10;
        this.free = new Semaphore(total, true);
    }

    /**
     * Waits for room.
     *
     * @return what has to be given back
     * @throws InterruptedException also if it is stopped
     */
    int take(long bytes) throws InterruptedException {
        int kib = needed(bytes);
        while (!free.tryAcquire(kib, POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            if (isStopped) {
                throw new InterruptedException("stopped");
            }
        }
        return kib;
    }

    /** Lets nobody wait any longer. */
    void stop() {
        isStopped = true;
    }

    private int needed(long bytes) {
        return (int) Math.min(total, (bytes >> 10) + OVERHEAD_KIB);
    }

    /** Gives back what fewer bytes do not need, and returns what is left to be given back. */
    int shrink(int held, long bytes) {
        int needed = Math.min(held, needed(bytes));
        giveBack(held - needed);
        return needed;
    }

    void giveBack(int kib) {
        free.release(kib);
    }
}
