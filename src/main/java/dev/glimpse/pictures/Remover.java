package dev.glimpse.pictures;

import dev.glimpse.consistency.Deletion;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.UnfinishedChanges;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Takes pictures out again. Safe for use by several threads. */
public final class Remover {
    private final Deletion deletion;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final UnfinishedChanges unfinished;
    private final PictureLocks locks;
    private final Executor deletes;

    /** @param deletes runs them; they wait for the store and the table */
    public Remover(
            Deletion deletion,
            ObjectStore store,
            ImageDataset dataset,
            UnfinishedChanges unfinished,
            PictureLocks locks,
            Executor deletes) {
        this.deletion = deletion;
        this.store = store;
        this.dataset = dataset;
        this.unfinished = unfinished;
        this.locks = locks;
        this.deletes = deletes;
    }

    /**
     * Removes a picture and its row. When this completes, this server neither finds nor shows it, and it does not come
     * back unless it is uploaded again.
     *
     * @param purge whether no copy is kept in the trash, not even of an earlier delete
     * @return completes exceptionally with {@link PictureNotFoundException} if there is neither picture nor row; with
     *     {@link dev.glimpse.storage.StoreUnavailableException} if the picture is perhaps still there
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Void> remove(ImageId id, boolean purge) {
        dataset.requireWritable();
        return locks.withLock(
                id,
                () -> RequestMeter.using(
                        StoreUse.CHANGES, () -> CompletableFuture.runAsync(() -> removeLocked(id, purge), deletes)));
    }

    private void removeLocked(ImageId id, boolean purge) {
        if (!dataset.stateOf(id).isShown() && store.head(id.toString()).isEmpty()) {
            throw PictureNotFoundException.missing(id);
        }
        boolean finished = false;
        try {
            deletion.removePicture(id, purge);
            finished = deletion.finishLocked(id);
        } finally {
            if (!finished) {
                unfinished.addDelete(id);
            }
        }
    }
}
