package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One change of a picture at a time, within this process; changes of others do not wait. Safe to share between threads. */
final class Turns {
    private final ConcurrentHashMap<ImageId, CompletableFuture<Void>> last = new ConcurrentHashMap<>();
    private final Executor executor;

    /** @param executor runs changes that had to wait */
    Turns(Executor executor) {
        this.executor = executor;
    }

    /**
     * Makes the change when all changes of this picture that came before are over; on the calling thread if there are
     * none. A change that fails, or cannot be begun, is over as well.
     *
     * @return as the change
     */
    <T> CompletableFuture<T> take(ImageId id, Supplier<CompletableFuture<T>> change) {
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
