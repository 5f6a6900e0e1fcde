package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Makes the table agree with the store about a picture: it gets its row, derived from what the store has and shown, and a
 * row without picture goes. After each change the store is asked again, as others may have deleted the picture or uploaded it
 * meanwhile. Safe for use by several threads.
 */
public final class Reconciler {
    /** Each further one means that somebody else has changed the picture during the one before. */
    private static final int ROUNDS = 5;

    /**
     * For the files of another server's commit that has a row. They take a moment; if they take longer than this, a large table is
     * being copied, and searches find the row after that.
     */
    private static final Duration FILES = Duration.ofSeconds(2);

    private enum Found {
        PICTURE,
        NO_PICTURE,
        CHANGED
    }

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final RowDeriver deriver;
    private final PictureLocks locks;
    private final Executor requests;

    /** @param requests runs what waits for the store */
    public Reconciler(
            ObjectStore store, ImageDataset dataset, RowDeriver deriver, PictureLocks locks, Executor requests) {
        this.store = store;
        this.dataset = dataset;
        this.deriver = deriver;
        this.locks = locks;
        this.requests = requests;
    }

    /**
     * Takes the picture's lock, and does what {@link #reconcileLocked} does.
     *
     * @return as {@link #reconcileLocked}
     */
    public CompletableFuture<Boolean> reconcile(ImageId id) {
        return locks.withLock(id, () -> reconcileLocked(id));
    }

    /**
     * Makes the table agree with the store about the picture. The caller holds the picture's lock.
     *
     * @return completes with whether the picture is there with its row committed; false if neither is, or the bytes are
     *     none that can have a row
     */
    public CompletableFuture<Boolean> reconcileLocked(ImageId id) {
        return reconcile(id, 1);
    }

    /** Completes when searches of this server find a picture whose row is known, or after two seconds. */
    public CompletableFuture<Void> awaitFound(ImageId id) {
        return dataset.stateOf(id).isFound()
                ? CompletableFuture.completedFuture(null)
                : dataset.settled().copy().completeOnTimeout(null, FILES.toMillis(), TimeUnit.MILLISECONDS);
    }

    private CompletableFuture<Boolean> reconcile(ImageId id, int round) {
        if (round > ROUNDS) {
            return CompletableFuture.failedFuture(
                    StoreUnavailableException.openly(id + " is being uploaded and deleted all the time"));
        }
        return CompletableFuture.completedFuture(id)
                .thenComposeAsync(this::look, requests)
                .thenCompose(found -> found == Found.CHANGED
                        ? reconcile(id, round + 1)
                        : CompletableFuture.completedFuture(found == Found.PICTURE));
    }

    private CompletableFuture<Found> look(ImageId id) {
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isEmpty()) {
            return dataset.remove(id).thenApply(removed -> removed ? Found.CHANGED : Found.NO_PICTURE);
        }
        // A delete that got stuck, or that an upload has overtaken, may have hidden the row.
        dataset.show(id);
        return switch (dataset.stateOf(id)) {
            case UNREAD, COMMITTED, LEAVING_COMMITTED -> CompletableFuture.completedFuture(Found.PICTURE);
            case PENDING -> dataset.committed(id).thenApply(committed -> Found.CHANGED);
            case ABSENT, LEAVING_PENDING ->
                deriver.addRowOf(id, head.get()).thenApply(possible -> possible ? Found.CHANGED : Found.NO_PICTURE);
        };
    }
}
