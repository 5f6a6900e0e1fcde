package dev.glimpse.vectors;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Counts the bytes of closed files that are still mapped. Their disk space is free only after a garbage collection has found that nobody can
 * reach the buffers any more. A small heap is collected seldom, so this asks for a collection when there are many such bytes. Safe for use by
 * several threads.
 */
final class ClosedMappings {
    /** Of all files of the process. */
    static final ClosedMappings ALL = new ClosedMappings(256L << 20, System::gc, System::nanoTime);

    /** Shortest time between two collections: what is still in use is not freed by another one. */
    private static final long REST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int POLLS = 100;

    private static final Cleaner CLEANER = Cleaner.create();

    private final long most;
    private final Runnable collection;
    private final LongSupplier clock;
    private final AtomicLong bytes = new AtomicLong();

    /** When the next collection may be. */
    private final AtomicLong next;

    /**
     * @param most with more bytes than these a collection is asked for
     * @param clock in nanoseconds
     */
    ClosedMappings(long most, Runnable collection, LongSupplier clock) {
        this.most = most;
        this.collection = collection;
        this.clock = clock;
        this.next = new AtomicLong(clock.getAsLong());
    }

    /** The mappings of one file. */
    final class OfFile {
        /** Guarded by this. */
        private long mapped;

        /** Guarded by this. */
        private boolean closed;

        /** @param buffer as it was mapped: it is reachable as long as a part of it is */
        synchronized void add(ByteBuffer buffer) {
            int size = buffer.capacity();
            mapped += size;
            CLEANER.register(buffer, () -> remove(size));
        }

        private synchronized void remove(int size) {
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
            }
        }
    }

    /** Bytes of closed files that are still mapped. */
    long bytes() {
        return bytes.get();
    }

    /** Asks for a collection if there are many bytes, and the last one was not just before. */
    void collectIfMany() {
        if (bytes.get() > most) {
            long now = clock.getAsLong();
            long due = next.get();
            if (now - due >= 0 && next.compareAndSet(due, now + REST_NANOS)) {
                collection.run();
            }
        }
    }

    /** Asks for a collection if there are any bytes, and waits up to a second until they are free. Answers whether there were any. */
    boolean collect() {
        if (bytes.get() == 0) {
            return false;
        }
        collection.run();
        for (int i = 0; i < POLLS && bytes.get() > 0; i++) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }
}
