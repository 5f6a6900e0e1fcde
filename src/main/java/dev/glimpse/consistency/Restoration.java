package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * One restore, step by step, so that after a crash at any of them another server can see it through: a marker first, then
 * the picture, then the row, then the copy in the trash goes, then the marker. Safe for use by several threads.
 *
 * <p>A delete of the picture by another server may come in between. Each of the two makes the table agree with the picture
 * at its end, so whether the picture is there decides, whichever ends last.
 */
public final class Restoration {
    private static final String RESTORE = "restore-";

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Originals originals;
    private final RowDeriver deriver;
    private final Reconciler reconciler;
    private final PictureLocks locks;
    private final String server;
    private final long largest;
    private final Executor requests;

    /**
     * @param server that this is
     * @param largest object of a source that is read, in bytes
     * @param requests runs what waits for the store
     */
    public Restoration(
            ObjectStore store,
            ImageDataset dataset,
            Originals originals,
            RowDeriver deriver,
            Reconciler reconciler,
            PictureLocks locks,
            String server,
            long largest,
            Executor requests) {
        this.store = store;
        this.dataset = dataset;
        this.largest = largest;
        this.originals = originals;
        this.deriver = deriver;
        this.reconciler = reconciler;
        this.locks = locks;
        this.server = server;
        this.requests = requests;
    }

    /** The picture that a marker is about; empty if it is not the marker of a restore. */
    static Optional<ImageId> pictureOf(String marker) {
        return IntentGroup.pictureOf(RESTORE, marker);
    }

    private String marker(ImageId id) {
        return IntentGroup.marker(server + "/" + RESTORE + id.name());
    }

    /**
     * Puts the picture back, and waits for the store. To be followed by {@link #finishLocked}, also when this throws.
     *
     * @return false if the trash does not have it
     */
    public boolean copyBack(ImageId id) {
        store.requireConditionalPuts();
        boolean unused = store.putIfAbsent(marker(id), new byte[0], "text/plain", Map.of());
        return store.copy(Trash.key(id), id.toString());
    }

    /** Whether the picture was deleted while the object of its source stayed. Asks the store. */
    public boolean isOfSource(ImageId id) {
        return originals.removedFrom(id).isPresent();
    }

    /**
     * Brings the row of a picture back whose object has stayed in its source. The caller holds the picture's lock. After a crash half way,
     * doing it again is right.
     *
     * @return completes with whether the picture is there with its row; if not, its object has another name or other bytes by now, and the
     *     next look at its source brings it back should it be anywhere
     */
    public CompletableFuture<Boolean> finishOfSource(ImageId id) {
        // A delete that got stuck may have hidden the row.
        dataset.show(id);
        Optional<String> key = originals.removedFrom(id);
        return addRowAt(id, key)
                .thenApplyAsync(
                        there -> {
                            originals.welcome(id);
                            return there;
                        },
                        requests)
                .thenCompose(there -> dataset.refresh().thenApply(read -> there))
                // A look of another server has perhaps taken the row out again, before the picture was welcome.
                .thenCompose(there -> there && !dataset.stateOf(id).isShown()
                        ? addRowAt(id, key)
                        : CompletableFuture.completedFuture(there));
    }

    private CompletableFuture<Boolean> addRowAt(ImageId id, Optional<String> key) {
        return CompletableFuture.completedFuture(id)
                .thenComposeAsync(
                        picture -> key.flatMap(
                                        object -> deriver.rowAt(picture, object, largest, originals.said(picture)))
                                .map(row -> dataset.add(row).thenApply(added -> true))
                                .orElse(CompletableFuture.completedFuture(false)),
                        requests);
    }

    /**
     * Finishes the restore, after {@link #copyBack}. The caller holds the picture's lock. If the picture is there it gets its row, and the copy in the
     * trash goes; else the trash stays as it is.
     *
     * @return completes with whether the picture is there with its row
     */
    public CompletableFuture<Boolean> finishLocked(ImageId id) {
        return finishLocked(marker(id), id);
    }

    /** Takes the picture's lock, and does what {@link #finishLocked} does. */
    CompletableFuture<Boolean> finish(ImageId id, Runnable finished) {
        return locks.withLock(
                id,
                () -> finishLocked(marker(id), id).thenApply(there -> {
                    finished.run();
                    return there;
                }));
    }

    /** Takes the picture's lock, and finishes a restore that another server has begun, by the marker that it has left. */
    CompletableFuture<Boolean> finishForOther(String marker, ImageId id) {
        return locks.withLock(id, () -> finishLocked(marker, id));
    }

    private CompletableFuture<Boolean> finishLocked(String marker, ImageId id) {
        // An edit by another server may have come before the copy, which has brought back what was said before.
        return reconciler
                .describeLocked(id)
                .thenApplyAsync(
                        there -> {
                            // A delete by another server in this very moment would lose its copy. The last look at the
                            // picture was just now.
                            if (there) {
                                store.delete(Trash.key(id));
                            }
                            store.delete(marker);
                            return there;
                        },
                        requests);
    }
}
