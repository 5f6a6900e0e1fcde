package dev.glimpse.pictures;

import dev.glimpse.consistency.Edits;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.UnfinishedChanges;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.RowChange;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Changes what is said of stored pictures. Safe for use by several threads. */
public final class Editor {
    private final Edits edits;
    private final ImageDataset dataset;
    private final Reconciler reconciler;
    private final UnfinishedChanges unfinished;
    private final PictureLocks locks;
    private final Executor requests;

    /** @param requests runs what waits for the store */
    public Editor(
            Edits edits,
            ImageDataset dataset,
            Reconciler reconciler,
            UnfinishedChanges unfinished,
            PictureLocks locks,
            Executor requests) {
        this.edits = edits;
        this.dataset = dataset;
        this.reconciler = reconciler;
        this.unfinished = unfinished;
        this.locks = locks;
        this.requests = requests;
    }

    /**
     * Changes what the picture in the store says, and its row. A row that waits to be committed is committed first. If this fails half
     * way, or the server dies, it is finished later; doing it again is right as well.
     *
     * @param change of what was said before; may be applied several times, if others change the picture at the same time
     * @return completes with what is said now, when the row is committed and searches of this server find it as it is now; they are waited
     *     for two seconds at most. Completes exceptionally with {@link PictureNotFoundException} if there is no picture; with {@link
     *     dev.glimpse.consistency.MetadataTooLongException} if too much is said, so that nothing has changed
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<UploadMetadata> edit(ImageId id, UnaryOperator<UploadMetadata> change) {
        dataset.requireWritable();
        return locks.withLock(
                        id,
                        () -> RequestMeter.using(
                                StoreUse.CHANGES,
                                () -> CompletableFuture.completedFuture(id)
                                        .thenComposeAsync(picture -> editLocked(picture, change), requests)))
                .thenCompose(said -> reconciler.awaitRead().thenApply(read -> said));
    }

    private CompletableFuture<UploadMetadata> editLocked(ImageId id, UnaryOperator<UploadMetadata> change) {
        Edits.Edit edit = edits.of(id);
        CompletableFuture<UploadMetadata> edited;
        try {
            Optional<UploadMetadata> said = edit.changePicture(change);
            edited = said.isEmpty() && !edit.isBegun()
                    ? editRow(id, change)
                    : edit.finishLocked().thenApply(there -> {
                        if (!there) {
                            throw PictureNotFoundException.missing(id);
                        }
                        return said.orElseThrow(() -> PictureNotFoundException.missing(id));
                    });
        } catch (RuntimeException e) {
            edited = CompletableFuture.failedFuture(e);
        }
        return edited.whenComplete((said, failure) -> {
            if (failure != null && edit.isBegun()) {
                unfinished.addEdit(edit);
            }
        });
    }

    /** What is said of a picture of a source is in its row alone: the object is not ours to change. */
    private CompletableFuture<UploadMetadata> editRow(ImageId id, UnaryOperator<UploadMetadata> change) {
        if (dataset.sourceRows().find(id).isEmpty()) {
            return CompletableFuture.failedFuture(PictureNotFoundException.missing(id));
        }
        AtomicReference<@Nullable UploadMetadata> said = new AtomicReference<>();
        return dataset.committed(id)
                .thenCompose(there -> dataset.describe(id, before -> {
                    UploadMetadata now = change.apply(
                                    new UploadMetadata(before.filename(), before.caption(), before.tags()))
                            .fitted();
                    said.set(now);
                    return new RowNotes(now.filename(), now.caption(), now.tags(), null);
                }))
                .thenApply(outcome -> {
                    UploadMetadata now = said.get();
                    if (outcome == RowChange.NO_ROW || now == null) {
                        throw PictureNotFoundException.missing(id);
                    }
                    return now;
                });
    }
}
