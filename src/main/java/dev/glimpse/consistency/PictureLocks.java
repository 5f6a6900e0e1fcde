package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One lock for each picture, so that this server makes one change of a picture at a time, in the order in which they were asked for.
 * Changes of different pictures do not wait for each other. Safe for use by several threads.
 *
 * <p>An upload {@linkplain #lock holds the lock on its own thread}. Recovery has hundreds of changes under way at the same time, most of
 * which wait for the same commit, so it {@linkplain #withLock holds the lock without a thread}.
 */
public final class PictureLocks {
    private final ConcurrentHashMap<ImageId, CompletableFuture<Void>> last = new ConcurrentHashMap<>();
    private final Executor executor;

    /** @param executor begins the changes without a thread that had to wait for their lock; it must not wait for locks itself */
    public PictureLocks(Executor executor) {
        this.executor = executor;
    }

    /** The lock of a picture while it is held. */
    public interface Held extends AutoCloseable {
        /** Frees the lock. */
        @Override
        void close();
    }

    /**
     * Waits until the lock is free, and takes it. The calling thread is blocked meanwhile.
     *
     * @throws UploadsBusyException if the lock is not free in time, or the thread is interrupted
     */
    public Held lock(ImageId id, Duration patience) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        Held held = () -> free(id, over);
        @Nullable CompletableFuture<Void> before = last.put(id, over);
        if (before == null) {
            return held;
        }
        boolean taken = false;
        try {
            before.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            taken = true;
            return held;
        } catch (TimeoutException e) {
            throw new UploadsBusyException(
                    "another change of " + id + " takes longer than " + patience.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UploadsBusyException("the server stops");
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a change never fails", e);
        } finally {
            if (!taken) {
                // Whoever waits for this place waits for the one before it as well.
                Future<?> unused = before.whenComplete((nothing, failure) -> held.close());
            }
        }
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
        Future<?> unused = changed.whenComplete((answer, failure) -> free(id, over));
        return changed;
    }

    private void free(ImageId id, CompletableFuture<Void> over) {
        last.remove(id, over);
        over.complete(null);
    }

    private static <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> change) {
        try {
            return change.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
