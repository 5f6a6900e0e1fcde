package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One lock for each picture, so that this server makes one change of a picture at a time. Changes of different pictures do not wait for
 * each other. Safe for use by several threads.
 */
public final class PictureLocks {
    private final ConcurrentHashMap<ImageId, CompletableFuture<Void>> last = new ConcurrentHashMap<>();
    private final Executor executor;

    /** @param executor runs the changes that had to wait for the lock */
    public PictureLocks(Executor executor) {
        this.executor = executor;
    }

    /**
     * Makes a change while it holds the picture's lock. If the lock is free, the change begins on the calling thread; if not, it
     * begins on the executor, after all changes that asked before. The lock is free again when the change completes, also if it fails or
     * throws.
     *
     * @return what the change returns
     */
    public <T> CompletableFuture<T> withLock(ImageId id, Supplier<CompletableFuture<T>> change) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        @Nullable CompletableFuture<Void> before = last.put(id, over);
        CompletableFuture<T> changed =
                before == null ? begin(change) : before.thenComposeAsync(nothing -> begin(change), executor);
        Future<?> unused = changed.whenComplete((answer, failure) -> {
            last.remove(id, over);
            over.complete(null);
        });
        return changed;
    }

    private static <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> change) {
        try {
            return change.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
