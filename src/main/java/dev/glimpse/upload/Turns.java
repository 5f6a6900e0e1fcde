package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Function;
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
     * none.
     *
     * @param change gets what it has to complete when it is over, which may be after its answer
     */
    <T> CompletableFuture<T> take(ImageId id, Function<CompletableFuture<Void>, CompletableFuture<T>> change) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        @Nullable CompletableFuture<Void> before = last.put(id, over);
        Future<?> unused = over.whenComplete((nothing, failure) -> last.remove(id, over));
        return before == null
                ? begin(change, over)
                : before.handle((nothing, failure) -> null).thenComposeAsync(nothing -> begin(change, over), executor);
    }

    private static <T> CompletableFuture<T> begin(
            Function<CompletableFuture<Void>, CompletableFuture<T>> change, CompletableFuture<Void> over) {
        try {
            return change.apply(over);
        } catch (RuntimeException e) {
            over.complete(null);
            return CompletableFuture.failedFuture(e);
        }
    }
}
