package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
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
    /** A change that has the lock or waits for it. */
    private static final class Turn {
        /** Completes when the turn is the first one of its picture. Then it has the lock. */
        final CompletableFuture<Void> come = new CompletableFuture<>();
    }

    /** The turns of each picture that has any, in the order in which they were asked for. */
    private final ConcurrentHashMap<ImageId, Queue<Turn>> turns = new ConcurrentHashMap<>();

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
        Turn turn = take(id);
        boolean taken = false;
        try {
            turn.come.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            taken = true;
            return () -> leave(id, turn);
        } catch (TimeoutException e) {
            throw new UploadsBusyException(
                    "another change of " + id + " takes longer than " + patience.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UploadsBusyException("the server stops");
        } catch (ExecutionException e) {
            throw new IllegalStateException("a turn never fails", e);
        } finally {
            if (!taken) {
                leave(id, turn);
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
        Turn turn = take(id);
        CompletableFuture<T> changed =
                turn.come.isDone() ? begin(change) : turn.come.thenComposeAsync(nothing -> begin(change), executor);
        Future<?> unused = changed.whenComplete((answer, failure) -> leave(id, turn));
        return changed;
    }

    /** Adds a turn, the last one of its picture. */
    private Turn take(ImageId id) {
        Turn turn = new Turn();
        giveToFirst(turns.compute(id, (picture, before) -> {
            Queue<Turn> queue = before == null ? new ConcurrentLinkedQueue<>() : before;
            queue.add(turn);
            return queue;
        }));
        return turn;
    }

    /** Ends a turn, whether it has the lock or waits for it. */
    private void leave(ImageId id, Turn turn) {
        giveToFirst(turns.computeIfPresent(id, (picture, queue) -> {
            queue.remove(turn);
            return queue.isEmpty() ? null : queue;
        }));
    }

    /** Not inside of {@code compute}, as the change that begins may ask for other locks. */
    private static void giveToFirst(@Nullable Queue<Turn> queue) {
        Turn first = queue == null ? null : queue.peek();
        if (first != null) {
            first.come.complete(null);
        }
    }

    private static <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> change) {
        try {
            return change.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
