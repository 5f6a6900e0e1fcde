package dev.glimpse.sources;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The reads of a look that run at the same time: so many, of so many bytes. One that comes when there is no room waits for the oldest. For
 * one thread.
 */
final class RunningReads {
    private record Read(long bytes, CompletableFuture<Void> done) {}

    private final Executor threads;
    private final long most;
    private final Waiting waiting;
    private final Queue<Read> running = new ArrayDeque<>();
    private long bytes;

    /**
     * @param threads runs the reads
     * @param most bytes at the same time; a read of more runs alone
     */
    RunningReads(Executor threads, long most, Waiting waiting) {
        this.threads = threads;
        this.most = most;
        this.waiting = waiting;
    }

    /**
     * Begins a read as soon as there is room.
     *
     * @param size bytes that it holds until it has ended
     * @throws InterruptedException if the look may not go on
     * @throws RuntimeException what one of the reads before has thrown
     */
    void begin(long size, Runnable read) throws InterruptedException {
        while (running.size() >= ObjectReader.AT_ONCE || (!running.isEmpty() && bytes + size > most)) {
            awaitOldest();
        }
        running.add(new Read(size, CompletableFuture.runAsync(read, threads)));
        bytes += size;
    }

    /** Waits for all of them, and throws as {@link #begin} does. */
    void await() throws InterruptedException {
        while (!running.isEmpty()) {
            awaitOldest();
        }
    }

    private void awaitOldest() throws InterruptedException {
        Read oldest = running.element();
        waiting.await(oldest.done);
        running.remove();
        bytes -= oldest.bytes;
    }

    /** Waits until all have ended, in whatever way, even if the look may not go on. */
    void join() {
        running.forEach(read -> read.done.exceptionally(failure -> null).join());
    }
}
