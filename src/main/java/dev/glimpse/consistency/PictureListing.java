package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Lists all pictures of the store. Of a bucket, sixteen listings run side by side. */
final class PictureListing {
    private static final List<String> DIGITS = List.of("0123456789abcdef".split(""));

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
     * Does something for each, for so many at a time, and waits for all that it has begun with. After a failure it begins
     * with no more.
     *
     * @throws java.util.concurrent.CompletionException for the first failure, or if the thread is interrupted
     */
    static <T> void work(Iterable<T> all, int atOnce, Function<T, CompletableFuture<?>> task) {
        Semaphore free = new Semaphore(atOnce);
        AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
        for (T each : all) {
            take(free, 1);
            if (failed.get() != null) {
                free.release();
                break;
            }
            Future<?> unused = begin(task, each).whenComplete((done, failure) -> {
                if (failure != null) {
                    failed.compareAndSet(null, failure);
                }
                free.release();
            });
        }
        take(free, atOnce);
        Throwable failure = failed.get();
        if (failure != null) {
            throw new CompletionException(failure instanceof CompletionException ? failure.getCause() : failure);
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
