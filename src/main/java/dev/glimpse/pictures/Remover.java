package dev.glimpse.pictures;

import dev.glimpse.consistency.Deletion;
import dev.glimpse.consistency.Originals;
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
    private final Originals originals;
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
        this.originals = new Originals(store, dataset);
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
     * @param object whether the object of a picture of a source goes as well; else it stays, and its row does not come back
     * @return completes exceptionally with {@link PictureNotFoundException} if there is neither picture nor row; with
     *     {@link dev.glimpse.storage.StoreUnavailableException} if the picture is perhaps still there
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Void> remove(ImageId id, boolean purge, boolean object) {
        dataset.requireWritable();
        return locks.withLock(
                id,
                () -> RequestMeter.using(
                        StoreUse.CHANGES,
                        () -> CompletableFuture.runAsync(() -> removeLocked(id, purge, object), deletes)));
    }

    private void removeLocked(ImageId id, boolean purge, boolean object) {
        if (!dataset.stateOf(id).isShown() && originals.head(id).isEmpty()) {
            throw PictureNotFoundException.missing(id);
        }
        boolean finished = false;
        try {
            deletion.removePicture(id, purge, object);
            finished = deletion.finishLocked(id);
        } finally {
            if (!finished) {
                unfinished.addDelete(id);
            }
        }
    }
}
