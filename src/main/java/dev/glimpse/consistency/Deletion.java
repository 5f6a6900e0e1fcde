package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * One delete, step by step, so that after a crash at any of them another server can see it through: a marker first, then
 * the picture, then the row, then the marker again. Calls wait for the store and the table. Safe for use by several threads.
 */
public final class Deletion {
    private static final String DELETE = "delete-";

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Originals originals;
    private final Reconciler reconciler;
    private final PictureLocks locks;
    private final String server;
    private final WriteTimings timings;
    private final Executor deletes;

    /**
     * Of pictures whose deletes by this server are not finished: the groups of other servers that the pictures came in with,
     * whose commits may still bring the rows.
     */
    private final Map<ImageId, Set<String>> awaited = new ConcurrentHashMap<>();

    /**
     * @param server that this is
     * @param deletes runs what waits for the store and the table
     */
    public Deletion(
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            PictureLocks locks,
            String server,
            WriteTimings timings,
            Executor deletes) {
        this.store = store;
        this.dataset = dataset;
        this.originals = new Originals(store, dataset);
        this.reconciler = reconciler;
        this.locks = locks;
        this.server = server;
        this.timings = timings;
        this.deletes = deletes;
    }

    /** The picture that a marker is about; empty if it is not the marker of a delete. */
    static Optional<ImageId> pictureOf(String marker) {
        return IntentGroup.pictureOf(DELETE, marker);
    }

    /** The marker of a delete. */
    static String marker(String server, ImageId id) {
        return IntentGroup.marker(server + "/" + DELETE + id.name());
    }

    private String marker(ImageId id) {
        return marker(server, id);
    }

    /**
     * Removes the picture, and hides the row. To be followed by {@link #finishLocked}, also when this throws.
     *
     * @param purge whether the trash has no copy afterwards, not even of an earlier delete
     * @param object whether the object of a picture of a source goes as well; it stays if it was written since
     */
    public void removePicture(ImageId id, boolean purge, boolean object) {
        store.requireConditionalPuts();
        if (dataset.sourceRows().isAny()) {
            // The row that waits here may be that of another server by then, which may have changed it.
            dataset.committed(id)
                    .exceptionally(failure -> false)
                    .completeOnTimeout(false, timings.commit().toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            dataset.refresh().join();
            reconciler.awaitRead().join();
        }
        removePicture(id, purge, object, dataset.sourceRows().find(id));
    }

    private void removePicture(ImageId id, boolean purge, boolean object, Optional<Place> place) {
        UploadMetadata said = place.flatMap(lies -> dataset.find(id))
                .map(row -> new UploadMetadata(row.filename(), row.caption(), row.tags()))
                .orElse(UploadMetadata.NOTHING);
        // First, so that no source brings the picture back, whatever comes next.
        place.ifPresent(lies -> {
            UploadMetadata kept = purge ? UploadMetadata.NOTHING : said;
            originals.keepSaid(id, kept.caption(), kept.tags());
            originals.remove(id, lies.key());
        });
        Optional<ObjectHead> head = store.head(id.toString());
        String group = head.map(
                        found -> UploadMetadata.fromMetadata(found.metadata()).group())
                .orElse("");
        if (!isOurs(group)) {
            awaited.computeIfAbsent(id, first -> ConcurrentHashMap.newKeySet()).add(group);
        }
        boolean unused = store.putIfAbsent(marker(id), group.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
        dataset.hide(id);
        if (purge) {
            // Before the picture: a crash between the two leaves a picture that was not deleted, and no purged one that
            // can be restored.
            store.delete(Trash.key(id));
        } else if (head.isPresent()) {
            store.copy(id.toString(), Trash.key(id));
        } else if (place.flatMap(originals::headOf).isPresent()) {
            // What the trash has is of an earlier delete, and would come back in place of this one.
            store.delete(Trash.key(id));
        }
        if (head.isPresent()) {
            store.delete(id.toString());
        }
        if (object) {
            place.ifPresent(lies -> deleteObject(id, lies, said, !purge && head.isEmpty()));
        }
    }

    /** Deletes the object of a picture of a source, unless it was written since. */
    private void deleteObject(ImageId id, Place place, UploadMetadata said, boolean toTrash) {
        Optional<String> etag = originals.headOf(place).map(ObjectHead::etag);
        Optional<byte[]> bytes = etag.flatMap(there -> store.get(place.key(), place.bytes()))
                .filter(found -> ImageId.of(found, id.format()).equals(id));
        if (bytes.isEmpty()) {
            return;
        }
        if (toTrash) {
            store.delete(Trash.key(id));
            boolean unused = store.putIfAbsent(
                    Trash.key(id), bytes.get(), id.format().mediaType(), metadata(said, place.modified()));
        }
        // Not every bucket deletes under a condition, so it is asked as late as can be.
        if (store.head(place.key()).map(ObjectHead::etag).equals(etag)) {
            store.delete(place.key());
        }
    }

    private static Map<String, String> metadata(UploadMetadata said, Instant modified) {
        try {
            return said.fitted().toMetadata(null, modified);
        } catch (MetadataTooLongException e) {
            // The object was given a longer name after the rest was said.
            return new UploadMetadata(null, said.caption(), said.tags()).toMetadata(null, modified);
        }
    }

    /**
     * Removes the row, after {@link #removePicture}. The caller holds the picture's lock. The row stays if there is a picture: because the
     * delete got stuck before that, or because it was uploaded again. Then it has a row at the end, which is shown.
     *
     * @return false if it is too early, as the commit of another server that may bring the row has not come
     */
    public boolean finishLocked(ImageId id) {
        for (Duration waited = Duration.ZERO; !othersAreOver(id); waited = waited.plus(timings.poll())) {
            if (waited.compareTo(timings.othersGroup()) >= 0) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(timings.poll().toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        removeRow(id, marker(id));
        return true;
    }

    /**
     * Takes the picture's lock, and does what {@link #finishLocked} does, without waiting for other servers.
     *
     * @param finished runs while the lock is held, unless it is too early
     */
    CompletableFuture<Void> finish(ImageId id, Runnable finished) {
        return withLock(id, () -> {
            if (othersAreOver(id)) {
                removeRow(id, marker(id));
                finished.run();
            }
        });
    }

    /**
     * Takes the picture's lock, and finishes a delete that another server has begun, by the marker that it has left.
     *
     * @param finished runs while the lock is held, unless it is too early
     */
    CompletableFuture<Void> finishForOther(String marker, ImageId id, Runnable finished) {
        return withLock(id, () -> {
            String group = store.get(marker)
                    .map(said -> new String(said, StandardCharsets.UTF_8))
                    .orElse("");
            if (isOver(group)) {
                removeRow(id, marker);
                finished.run();
            }
        });
    }

    private CompletableFuture<Void> withLock(ImageId id, Runnable change) {
        return locks.withLock(id, () -> CompletableFuture.runAsync(change, deletes));
    }

    private void removeRow(ImageId id, String marker) {
        // If the picture was uploaded again meanwhile, other things may be said of it now.
        reconciler.describeLocked(id).join();
        dataset.show(id);
        store.delete(marker);
    }

    /** Whether no other server's commit brings the row any more. The caller holds the picture's lock. */
    private boolean othersAreOver(ImageId id) {
        Set<String> groups = awaited.get(id);
        if (groups == null) {
            return true;
        }
        groups.removeIf(this::isOver);
        return groups.isEmpty() && awaited.remove(id, groups);
    }

    /** Whether no row of this group comes any more, as far as others can tell. */
    private boolean isOver(String group) {
        return isOurs(group) || store.head(IntentGroup.marker(group)).isEmpty();
    }

    /** Rows that wait in this server are taken out together with those of the table. */
    private boolean isOurs(String group) {
        return group.isEmpty() || group.startsWith(server + "/");
    }
}
