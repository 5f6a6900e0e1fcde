package dev.glimpse.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** The same work on some threads. */
public final class Parallel {
    private Parallel() {}

    /** Called once on each thread. */
    public interface Work {
        void run() throws Exception;
    }

    /** Called once for each number. */
    public interface Numbered {
        void run(int number) throws Exception;
    }

    /** Runs it on so many threads, and waits for all. Throws what the first of them threw. */
    public static void on(int threads, Work work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                tasks.add(() -> {
                    work.run();
                    return true;
                });
            }
            for (Future<Boolean> done : pool.invokeAll(tasks)) {
                done.get();
            }
        } finally {
            pool.shutdown();
        }
    }

    /** Runs it for the numbers from 0 on, without {@code count}, on so many threads. */
    public static void forEach(int threads, int count, Numbered work) throws Exception {
        AtomicInteger next = new AtomicInteger();
        on(threads, () -> {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                work.run(i);
            }
        });
    }
}
