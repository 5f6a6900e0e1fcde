package dev.glimpse.dataset;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs requests side by side, while the thread that waits for them says that its job is alive. For one thread. */
final class ParallelRequests {
    private final Executor threads;
    private final Runnable beAlive;

    /**
     * @param threads must not be the one that calls {@link #forEach}, unless it runs tasks on the calling thread
     * @param beAlive runs before the first request, and each second while they are waited for; what it throws ends them
     */
    ParallelRequests(Executor threads, Runnable beAlive) {
        this.threads = threads;
        this.beAlive = beAlive;
    }

    /** What to do with an element, on any thread. */
    interface Request<T> {
        /**
         * Does it.
         *
         * @param isOver whether nobody waits for it any more, which may end a long one
         */
        void run(T each, BooleanSupplier isOver);
    }

    /** Waits until all requests are done. After a failure, which is thrown, no further one is begun. */
    <T> void forEach(Collection<T> all, Request<T> request) {
        beAlive.run();
        AtomicBoolean over = new AtomicBoolean();
        AtomicReference<@Nullable RuntimeException> first = new AtomicReference<>();
        CompletableFuture<?>[] running = all.stream()
                .map(each -> CompletableFuture.runAsync(
                        () -> {
                            try {
                                if (!over.get()) {
                                    request.run(each, over::get);
                                }
                            } catch (RuntimeException e) {
                                first.compareAndSet(null, e);
                                over.set(true);
                                throw e;
                            }
                        },
                        threads))
                .toArray(CompletableFuture[]::new);
        try {
            CompletableFuture<Void> done = CompletableFuture.allOf(running);
            while (!isDone(done)) {
                beAlive.run();
            }
        } catch (RuntimeException e) {
            // Others fail only because nobody waits for them any more.
            RuntimeException failure = first.get();
            throw failure == null ? e : failure;
        } finally {
            over.set(true);
        }
    }

    private static boolean isDone(CompletableFuture<Void> running) {
        try {
            running.get(1, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }
}
