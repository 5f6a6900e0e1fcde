package dev.glimpse.vectors;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;

/**
 * Lends each search the buffers and the file reader that it needs, and keeps them for later searches. It keeps one of each for each search
 * of the largest number that ever ran at the same time. Safe for use by several threads.
 */
final class Searchers implements AutoCloseable {
    /** Rows that an exact search reads at once: 128 KB for 512 dimensions, which fit into the cache. */
    static final int EXACT_ROWS = 64;

    private final FullPrecisionVectorFile file;
    private final Queue<Searcher> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** @param file closed together with this */
    Searchers(FullPrecisionVectorFile file) {
        this.file = file;
    }

    /** The buffers and the reader of one search. For one thread at a time. */
    final class Searcher {
        /** Reads up to {@link #EXACT_ROWS} rows at once. */
        final FullPrecisionVectorFile.Reader reader = file.reader(EXACT_ROWS);

        final int[] distances = new int[BinaryCodes.BLOCK_ROWS];

        /** The nearest rows by Hamming distance, and complements of their positions in the partitions: see {@link CodeScan}. */
        final TopK near = new TopK();

        /** The nearest rows by estimated cosine. */
        final TopK nearer = new TopK();

        /** The nearest rows by their finer codes. */
        final TopK best = new TopK();

        /** Made of the codes that were touched, so that the JVM cannot leave that out. */
        long touched;
    }

    /**
     * Runs a search on the calling thread.
     *
     * @throws IllegalStateException if this is closed
     */
    <T> T search(Function<Searcher, T> work) {
        requireOpen();
        Searcher searcher = idle.poll();
        if (searcher == null) {
            searcher = newSearcher();
        }
        boolean done = false;
        try {
            T result = work.apply(searcher);
            done = true;
            return result;
        } finally {
            // After a failure the reader may be closed, so it is not used again.
            if (done) {
                idle.add(searcher);
            } else {
                searcher.reader.close();
            }
            if (closed) {
                closeIdle();
            }
        }
    }

    private Searcher newSearcher() {
        try {
            return new Searcher();
        } catch (RuntimeException e) {
            // Most likely another thread has closed this in the meantime: then say so.
            requireOpen();
            throw e;
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** @throws IllegalStateException if this is closed */
    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the vectors are closed");
        }
    }

    /** Closes the file. Searches that are running come to their end; later ones fail. Twice is fine. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            closeIdle();
            file.close();
        }
    }

    private void closeIdle() {
        for (Searcher searcher = idle.poll(); searcher != null; searcher = idle.poll()) {
            searcher.reader.close();
        }
    }
}
