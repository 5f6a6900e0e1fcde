package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Lists all pictures of the store. Of a bucket, sixteen listings run side by side. */
final class PictureListing {
    private static final List<String> DIGITS = List.of("0123456789abcdef".split(""));

    /** Failures in a row, besides those of the work that is under way at the same time, after which the store is taken to be away. */
    static final int FAILURES_IN_A_ROW = 16;

    private final ObjectStore store;
    private final Executor requests;

    /** @param requests runs the listings */
    PictureListing(ObjectStore store, Executor requests) {
        this.store = store;
        this.requests = requests;
    }

    /**
     * Waits until all are handed over.
     *
     * @param each gets a picture and when it was put, by the store's clock; on several threads at once
     * @throws java.util.concurrent.CompletionException if the store does not answer
     */
    void forEach(BiConsumer<ImageId, Instant> each) {
        List<String> prefixes = store.listsInParallel() ? DIGITS : List.of("");
        List<CompletableFuture<Instant>> listings = prefixes.stream()
                .map(digit -> CompletableFuture.supplyAsync(
                        () -> store.list(
                                "images/" + digit,
                                object -> ImageId.parse(object.key())
                                        .ifPresent(id -> each.accept(id, object.lastModified()))),
                        requests))
                .toList();
        listings.forEach(CompletableFuture::join);
    }

    /**
     * Runs a task for each element, and waits until all tasks that were begun are done. A task that fails does not keep the others from
     * being done. Only when more than {@code atOnce} and {@value #FAILURES_IN_A_ROW} tasks in a row have failed, no further one is begun:
     * then the store is away, and each further task would wait for it in vain.
     *
     * @param atOnce tasks under way at the same time, at most
     * @throws java.util.concurrent.CompletionException with the first failure as its cause if at least one task has failed; or if the
     *     thread is interrupted
     */
    static <T> void work(Collection<T> all, int atOnce, Function<T, CompletableFuture<?>> task) {
        int size = all.size();
        Semaphore free = new Semaphore(atOnce);
        AtomicReference<@Nullable Throwable> first = new AtomicReference<>();
        AtomicInteger failures = new AtomicInteger();
        AtomicInteger inARow = new AtomicInteger();
        for (T each : all) {
            take(free, 1);
            if (inARow.get() >= atOnce + FAILURES_IN_A_ROW) {
                free.release();
                break;
            }
            Future<?> unused = begin(task, each).whenComplete((done, failure) -> {
                if (failure == null) {
                    inARow.set(0);
                } else {
                    first.compareAndSet(null, failure);
                    failures.incrementAndGet();
                    inARow.incrementAndGet();
                }
                free.release();
            });
        }
        take(free, atOnce);
        Throwable failure = first.get();
        if (failure != null) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            throw new CompletionException(failures + " of " + size + " have failed, the first with " + cause, cause);
        }
    }

    /** When the server stops, some work never ends. */
    private static void take(Semaphore free, int permits) {
        try {
            free.acquire(permits);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }

    private static <T> CompletableFuture<?> begin(Function<T, CompletableFuture<?>> task, T each) {
        try {
            return task.apply(each);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
