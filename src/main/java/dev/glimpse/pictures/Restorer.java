package dev.glimpse.pictures;

import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.Restoration;
import dev.glimpse.consistency.Trash;
import dev.glimpse.consistency.UnfinishedChanges;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Takes deletes back, as long as the trash has the pictures. Safe for use by several threads. */
public final class Restorer {
    private final Restoration restoration;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Reconciler reconciler;
    private final UnfinishedChanges unfinished;
    private final PictureLocks locks;
    private final Executor requests;

    /** @param requests runs what waits for the store */
    public Restorer(
            Restoration restoration,
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            UnfinishedChanges unfinished,
            PictureLocks locks,
            Executor requests) {
        this.restoration = restoration;
        this.store = store;
        this.dataset = dataset;
        this.reconciler = reconciler;
        this.unfinished = unfinished;
        this.locks = locks;
        this.requests = requests;
    }

    /**
     * Puts the picture back, and its row as it was: what was said of it has been kept with it. If it is there already it only
     * gets its row, should that be missing. If this fails half way, or the server dies, it is finished later; doing it again is right as
     * well.
     *
     * @return completes when the row is committed, with whether it was away; exceptionally with {@link
     *     PictureNotFoundException} if neither the trash nor the store has the picture
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Boolean> restore(ImageId id) {
        dataset.requireWritable();
        return locks.withLock(
                id,
                () -> RequestMeter.using(
                        StoreUse.CHANGES,
                        () -> CompletableFuture.completedFuture(id).thenComposeAsync(this::restoreLocked, requests)));
    }

    private CompletableFuture<Boolean> restoreLocked(ImageId id) {
        boolean there = store.head(id.toString()).isPresent();
        // The row that is known may be the one that another server has removed.
        dataset.refresh().join();
        boolean inTrash = !there && store.head(Trash.key(id)).isPresent();
        if (!there && !inTrash && restoration.isOfSource(id)) {
            return restoration
                    .finishOfSource(id)
                    .thenCompose(found -> requireFound(id, found))
                    .thenApply(found -> true);
        }
        if (!inTrash) {
            // Another server may be deleting the picture just now, so its copy in the trash is not ours to remove.
            boolean away = !dataset.stateOf(id).isInTable();
            return reconciler
                    .reconcileLocked(id)
                    .thenCompose(found -> requireFound(id, found))
                    .thenApply(found -> away);
        }
        CompletableFuture<Boolean> finished;
        try {
            boolean unused = restoration.copyBack(id);
            finished = restoration.finishLocked(id);
        } catch (RuntimeException e) {
            finished = CompletableFuture.failedFuture(e);
        }
        return finished.whenComplete((found, failure) -> {
                    if (failure != null) {
                        unfinished.addRestore(id);
                    }
                })
                .thenCompose(found -> requireFound(id, found))
                .thenApply(found -> true);
    }

    private CompletableFuture<Void> requireFound(ImageId id, boolean there) {
        if (!there) {
            throw new PictureNotFoundException("there is no picture " + id + ", nor in the trash");
        }
        return reconciler.awaitFound(id);
    }
}
