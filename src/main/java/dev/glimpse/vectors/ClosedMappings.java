package dev.glimpse.vectors;

import java.lang.ref.Cleaner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Counts the bytes of closed files that are still mapped. Their disk space is free only after a garbage collection has found that nobody can
 * reach the buffers any more. A small heap is collected seldom, so collections are asked for here: at times, and when the disk lacks space. Do
 * not ask as long as the closed buffers are in use, because then they are not freed. Safe for use by several threads.
 */
public final class ClosedMappings {
    /** Of all files of the process. */
    public static final ClosedMappings ALL = new ClosedMappings(
            256L << 20, System::gc, System::nanoTime, () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10)));

    /** Shortest time between two collections when the disk lacks space. */
    private static final long SHORT_REST = TimeUnit.SECONDS.toNanos(10);

    /** Shortest time between two collections else; when the disk lacks space, and nothing was closed meanwhile, too. */
    private static final long REST = TimeUnit.MINUTES.toNanos(1);

    /** Time until a collection is asked for though nothing was closed since the last one: what that one left is mostly in use still. */
    private static final long LONG_REST = TimeUnit.HOURS.toNanos(1);

    private static final int PAUSES = 100;

    private static final Cleaner CLEANER = Cleaner.create();

    private final long most;
    private final Runnable collection;
    private final LongSupplier clock;
    private final Runnable pause;
    private final AtomicLong bytes = new AtomicLong();

    /** Whether a mapped file was closed since the last collection. */
    private volatile boolean more;

    /** When the last collection began. Guarded by this. */
    private long collected;

    /**
     * @param most with more bytes than these a collection is asked for at times
     * @param clock in nanoseconds
     * @param pause waits a moment
     */
    ClosedMappings(long most, Runnable collection, LongSupplier clock, Runnable pause) {
        this.most = most;
        this.collection = collection;
        this.clock = clock;
        this.pause = pause;
        this.collected = clock.getAsLong() - LONG_REST;
    }

    /** The mappings of one file. */
    final class OfFile {
        /** Guarded by this. */
        private long mapped;

        /** Guarded by this. */
        private boolean closed;

        /**
         * @param buffer as it was mapped: it is reachable as long as a part of it is
         * @param size bytes of the disk that it holds
         */
        synchronized void add(Object buffer, long size) {
            mapped += size;
            CLEANER.register(buffer, () -> remove(size));
        }

        /** What was added is not mapped any more. */
        synchronized void remove(long size) {
            mapped -= size;
            if (closed) {
                bytes.addAndGet(-size);
            }
        }

        /** The file is closed. Twice is fine. */
        synchronized void close() {
            if (!closed) {
                closed = true;
                bytes.addAndGet(mapped);
                if (mapped > 0) {
                    more = true;
                }
            }
        }
    }

    /** Bytes of closed files that are still mapped. */
    long bytes() {
        return bytes.get();
    }

    /** Asks for a collection if there are many bytes, and the last one was not just before. Cheap, however often it is called. */
    public synchronized void collectIfMany() {
        if (bytes.get() > most && isDue(REST, LONG_REST)) {
            ask();
        }
    }

    /**
     * Asks for a collection because the disk lacks space, and waits up to a second for what it frees. It does nothing if there is nothing to
     * free, or the last collection was just before.
     *
     * @return whether there is more space now
     */
    public synchronized boolean collect() {
        long before = bytes.get();
        if (before == 0 || !isDue(SHORT_REST, REST)) {
            return false;
        }
        ask();
        long seen = before;
        for (int i = 0; i < PAUSES; i++) {
            pause.run();
            long now = bytes.get();
            if (now == 0 || (now < before && now == seen)) {
                break;
            }
            seen = now;
        }
        return bytes.get() < before;
    }

    /** Whether the last collection is so long ago; the second time counts if nothing was closed since then. */
    private boolean isDue(long rest, long withoutMore) {
        return clock.getAsLong() - collected >= (more ? rest : withoutMore);
    }

    private void ask() {
        collected = clock.getAsLong();
        more = false;
        collection.run();
    }
}
