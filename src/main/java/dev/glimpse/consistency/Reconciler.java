package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the table agree with the store about a picture: it gets its row, derived from what the store has and shown, and a
 * row without picture goes. After each change the store is asked again, as others may have deleted the picture or uploaded it
 * meanwhile. Safe for use by several threads.
 */
public final class Reconciler {
    private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

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

    /**
     * What a look has found and done.
     *
     * @param said by the picture, and since this look by the row; null if the row was not changed
     */
    private record Look(Found found, UploadMetadata.@Nullable Stored said) {
        Look(Found found) {
            this(found, null);
        }
    }

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Originals originals;
    private final RowDeriver deriver;
    private final PictureLocks locks;
    private final WriteTimings timings;
    private final Executor requests;

    /** @param requests runs what waits for the store */
    public Reconciler(
            ObjectStore store,
            ImageDataset dataset,
            RowDeriver deriver,
            PictureLocks locks,
            WriteTimings timings,
            Executor requests) {
        this.timings = timings;
        this.store = store;
        this.originals = new Originals(store, dataset);
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
        // An upload that was cut off may have left a row that says what its source says.
        return reconcile(id, dataset.sourceRows().isAny(), null, 1);
    }

    /**
     * Does what {@link #reconcileLocked} does, and lets the row say what the picture says. For changes that change what the picture says:
     * whoever ends last finds the newest row and the newest picture. The caller holds the picture's lock.
     *
     * @return as {@link #reconcileLocked}
     */
    public CompletableFuture<Boolean> describeLocked(ImageId id) {
        return reconcile(id, true, null, 1);
    }

    /**
     * Takes the picture's lock, and does what {@link #describeLocked} does.
     *
     * @return as {@link #reconcileLocked}
     */
    public CompletableFuture<Boolean> describe(ImageId id) {
        return locks.withLock(id, () -> describeLocked(id));
    }

    /** Completes when searches of this server find what has been committed by now, or after two seconds. */
    public CompletableFuture<Void> awaitRead() {
        return dataset.settled().copy().completeOnTimeout(null, FILES.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Completes when searches of this server find a picture whose row is known, or after two seconds. */
    public CompletableFuture<Void> awaitFound(ImageId id) {
        return dataset.stateOf(id).isFound() ? CompletableFuture.completedFuture(null) : awaitRead();
    }

    /**
     * @param notes whether the row is to say what the picture says
     * @param written what the row says for sure; null if that is not known
     */
    private CompletableFuture<Boolean> reconcile(
            ImageId id, boolean notes, UploadMetadata.@Nullable Stored written, int round) {
        if (round > ROUNDS) {
            return CompletableFuture.failedFuture(
                    StoreUnavailableException.openly(id + " is being changed all the time"));
        }
        return CompletableFuture.completedFuture(id)
                .thenComposeAsync(picture -> look(picture, notes, written), requests)
                .thenCompose(look -> look.found == Found.CHANGED
                        ? reconcile(id, notes, look.said, round + 1)
                        : CompletableFuture.completedFuture(look.found == Found.PICTURE));
    }

    private CompletableFuture<Look> look(ImageId id, boolean notes, UploadMetadata.@Nullable Stored written) {
        Optional<ObjectHead> head = originals.head(id);
        if (head.isEmpty()) {
            originals.keepSaidByRow(id);
            return dataset.remove(id).thenApply(removed -> new Look(removed ? Found.CHANGED : Found.NO_PICTURE));
        }
        // A delete that got stuck, or that an upload has overtaken, may have hidden the row.
        dataset.show(id);
        // The model need not run for a row that another server has committed meanwhile.
        return notes && dataset.stateOf(id) == PictureState.ABSENT
                ? dataset.refresh().thenComposeAsync(known -> agree(id, head.get(), notes, written), requests)
                : agree(id, head.get(), notes, written);
    }

    private CompletableFuture<Look> agree(
            ImageId id, ObjectHead picture, boolean notes, UploadMetadata.@Nullable Stored written) {
        return switch (dataset.stateOf(id)) {
            case UNREAD, COMMITTED, LEAVING_COMMITTED -> {
                Place source = dataset.sourceRows().find(id).orElse(null);
                ObjectHead own =
                        source == null ? null : store.head(id.toString()).orElse(null);
                if (source != null && own != null) {
                    yield takeFromSource(id, source, own, written);
                }
                yield notes
                        ? describe(id, picture, written)
                        : CompletableFuture.completedFuture(new Look(Found.PICTURE));
            }
            case PENDING -> dataset.committed(id).thenApply(committed -> new Look(Found.CHANGED));
            case ABSENT, LEAVING_PENDING ->
                addRowOf(id, picture).thenApply(outcome -> switch (outcome) {
                    case ADDED -> new Look(Found.CHANGED, UploadMetadata.fromMetadata(picture.metadata()));
                    case NOT_ADDED -> new Look(Found.CHANGED);
                    case IMPOSSIBLE -> new Look(Found.NO_PICTURE);
                });
        };
    }

    private enum Outcome {
        ADDED,
        /** There was a row, or the picture is gone. */
        NOT_ADDED,
        /** There can be none: the bytes are no picture that we accept. */
        IMPOSSIBLE
    }

    /**
     * Adds the row of a picture that is in the store.
     *
     * @return completes when a row is committed, whoever has added it
     */
    private CompletableFuture<Outcome> addRowOf(ImageId id, ObjectHead picture) {
        try {
            return deriver.rowOf(id, picture)
                    .map(row -> dataset.add(row).thenApply(added -> added ? Outcome.ADDED : Outcome.NOT_ADDED))
                    .orElse(CompletableFuture.completedFuture(Outcome.NOT_ADDED));
        } catch (UnsupportedImageException | DamagedImageException | ImageTooLargeException | ImageTooSlowException e) {
            log.warn("{} is in the store and cannot get a row: {}", id, e.getMessage());
            return CompletableFuture.completedFuture(Outcome.IMPOSSIBLE);
        }
    }

    /**
     * Lets the row of a picture that was uploaded, and that lies in a source as well, say so. Caption and tags of the row stay, where the
     * upload says none. No source brings the picture back once the upload is deleted.
     */
    private CompletableFuture<Look> takeFromSource(
            ImageId id, Place source, ObjectHead own, UploadMetadata.@Nullable Stored written) {
        Optional<Picture> row = dataset.find(id);
        CompletableFuture<Look> again = CompletableFuture.completedFuture(new Look(Found.CHANGED));
        if (row.isEmpty()) {
            return again;
        }
        originals.remove(id, source.key());
        if (!keepWhatIsSaid(id, own, row.get())) {
            return again;
        }
        Place place = new Place(id.toString(), own.bytes(), Originals.second(own.lastModified()));
        return dataset.sourceRows()
                .move(Map.of(id, place), store)
                // None has, if the row that is read here is an older one.
                .thenCompose(moved -> moved > 0 ? awaitRead().thenCompose(read -> again) : describe(id, own, written));
    }

    /** False if the picture says something else by now. */
    private boolean keepWhatIsSaid(ImageId id, ObjectHead picture, Picture row) {
        UploadMetadata.Stored said = UploadMetadata.fromMetadata(picture.metadata());
        UploadMetadata notes = new UploadMetadata(
                said.notes().filename(),
                said.notes().caption() == null ? row.caption() : said.notes().caption(),
                said.notes().tags().isEmpty() ? row.tags() : said.notes().tags());
        if (notes.equals(said.notes())) {
            return true;
        }
        Map<String, String> metadata = new HashMap<>(picture.metadata());
        try {
            metadata.putAll(said.with(notes.fitted()).toMetadata());
        } catch (MetadataTooLongException e) {
            // What the upload says and what the row says do not fit together. The upload is newer.
            return true;
        }
        return store.replaceMetadata(id.toString(), picture.etag(), id.format().mediaType(), metadata, timings.put());
    }

    private CompletableFuture<Look> describe(ImageId id, ObjectHead picture, UploadMetadata.@Nullable Stored written) {
        UploadMetadata.Stored said = UploadMetadata.fromMetadata(picture.metadata());
        // Of a picture that says nothing, other software may have written something into the row.
        if (said.equals(written) || !UploadMetadata.isSaid(picture.metadata())) {
            return CompletableFuture.completedFuture(new Look(Found.PICTURE));
        }
        return dataset.describe(id, said.rowNotes()).thenApply(change -> switch (change) {
            case UNCHANGED -> new Look(Found.PICTURE);
            case CHANGED -> new Look(Found.CHANGED, said);
            case NO_ROW -> new Look(Found.CHANGED);
        });
    }
}
