package dev.glimpse.dataset.lance;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps searches of Lance's index from waiting for themselves. Lance computes on two threads fewer than there are processors.
 * Each part of an index that is searched has one of them until the search is over, also while it waits for what is read on the
 * same threads: when all are taken, nothing that needs Lance ever ends, uploads included (lance-format/lance#7643). So one
 * search at a time has an index, which has few parts, and looks at all rows if there are not more threads than
 * these.
 */
public final class LanceThreads {
    /** {@code LANCE_CPU_THREADS}, as the launchers set it. */
    public static final int NEEDED = 4;

    private static final Logger log = LoggerFactory.getLogger(LanceThreads.class);

    private final ReentrantLock turn = new ReentrantLock(true);
    private final int threads;

    LanceThreads() {
        this(threads(System.getenv("LANCE_CPU_THREADS"), Runtime.getRuntime().availableProcessors()));
    }

    LanceThreads(int threads) {
        this.threads = threads;
        if (threads < NEEDED) {
            log.warn(
                    "searches that need Lance's index look at all rows, as LANCE_CPU_THREADS is less than {}: {}",
                    NEEDED,
                    threads);
        }
    }

    /** The number of threads that Lance computes on. */
    static int threads(@Nullable String setting, int processors) {
        return setting == null ? Math.max(1, processors - 2) : Integer.parseInt(setting);
    }

    /** Whether an index with this number of parts may be searched. */
    boolean areEnoughFor(int parts) {
        return threads > parts;
    }

    interface Search<T> {
        T run() throws IOException;
    }

    /** Runs a search of an index when no other one runs. */
    <T> T oneAtATime(Search<T> search) throws IOException {
        turn.lock();
        try {
            return search.run();
        } finally {
            turn.unlock();
        }
    }
}
