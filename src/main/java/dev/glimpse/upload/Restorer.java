package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Takes deletes back, as long as the trash has the pictures. Safe to share between threads. */
final class Restorer {
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Reconciler reconciler;
    private final Turns turns;
    private final Executor requests;

    /** @param requests runs what waits for the store */
    Restorer(ObjectStore store, ImageDataset dataset, Reconciler reconciler, Turns turns, Executor requests) {
        this.store = store;
        this.dataset = dataset;
        this.reconciler = reconciler;
        this.turns = turns;
        this.requests = requests;
    }

    /**
     * Puts the picture back, and its row as it was: what was said of it has been kept with it. Nothing happens if it is
     * there. If this fails half way, doing it again is right.
     *
     * @return completes when the row is committed, with whether it was away; exceptionally with {@link
     *     UnknownPictureException} if neither the trash nor the store has the picture
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     */
    CompletableFuture<Boolean> restore(ImageId id) {
        dataset.requireWritable();
        return turns.take(
                id, () -> CompletableFuture.completedFuture(id).thenComposeAsync(this::restoreInTurn, requests));
    }

    private CompletableFuture<Boolean> restoreInTurn(ImageId id) {
        store.requireConditionalPuts();
        boolean copied = store.head(id.toString()).isEmpty() && store.copy(Trash.key(id), id.toString());
        // The row that is known may be the one that another server has removed.
        dataset.refresh().join();
        boolean away = copied || !dataset.isCommitted(id);
        return reconciler
                .reconcileInTurn(id)
                .thenApplyAsync(
                        there -> {
                            if (!there) {
                                throw new UnknownPictureException("there is no picture " + id + ", nor in the trash");
                            }
                            store.delete(Trash.key(id));
                            return away;
                        },
                        requests);
    }
}
