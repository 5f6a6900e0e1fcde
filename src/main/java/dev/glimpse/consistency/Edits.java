package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * Changes of what is said of pictures, step by step, so that after a crash at any of them another server can see an edit through: a marker
 * first, then the picture's metadata, then the row, then the marker goes. Safe for use by several threads.
 *
 * <p>What the picture says decides. Servers that edit a picture at the same time each make the row agree with the picture at the end, so
 * the edit whose metadata came last wins.
 */
public final class Edits {
    private static final String EDIT = "edit-";

    /** Each further one means that somebody else has changed the picture during the one before. */
    private static final int ROUNDS = 5;

    private final ObjectStore store;
    private final Reconciler reconciler;
    private final PictureLocks locks;
    private final String server;
    private final WriteTimings timings;
    private final Executor requests;

    /** Each edit has a marker of its own: one that failed in the open may have to be finished after a later one. */
    private final AtomicLong begun = new AtomicLong();

    /**
     * @param server that this is
     * @param requests runs what waits for the store
     */
    public Edits(
            ObjectStore store,
            Reconciler reconciler,
            PictureLocks locks,
            String server,
            WriteTimings timings,
            Executor requests) {
        this.store = store;
        this.reconciler = reconciler;
        this.locks = locks;
        this.server = server;
        this.timings = timings;
        this.requests = requests;
    }

    /** The picture that a marker is about; empty if it is not the marker of an edit. */
    static Optional<ImageId> pictureOf(String marker) {
        String name = marker.substring(marker.lastIndexOf('/') + 1);
        int end = name.startsWith(EDIT) ? name.indexOf('-', EDIT.length()) : -1;
        return end < 0 ? Optional.empty() : ImageId.parse("images/" + name.substring(end + 1));
    }

    /** An edit of this picture, which begins now. Asks the store nothing. */
    public Edit of(ImageId id) {
        String number = Long.toString(begun.getAndIncrement(), Character.MAX_RADIX);
        return new Edit(id, IntentGroup.marker(server + "/" + EDIT + number + "-" + id.name()));
    }

    /** One edit of one picture. For one thread at a time. */
    public final class Edit {
        private final ImageId id;
        private final String marker;

        /** Whether the store may have the marker. */
        private volatile boolean marked;

        private Edit(ImageId id, String marker) {
            this.id = id;
            this.marker = marker;
        }

        ImageId id() {
            return id;
        }

        /** Whether the store may have the marker of this edit, so that it has to be finished. */
        public boolean isBegun() {
            return marked;
        }

        /**
         * Changes what the picture says. The caller holds the picture's lock. To be followed by {@link #finishLocked}; if this throws, only
         * if the edit {@linkplain #isBegun has begun}.
         *
         * @return what the picture says now; empty if there is no picture
         * @throws MetadataTooLongException if it does not fit into the object's metadata; then nothing has changed
         */
        public Optional<UploadMetadata> changePicture(UnaryOperator<UploadMetadata> change) {
            store.requireConditionalPuts();
            for (int round = 0; round < ROUNDS; round++) {
                Optional<ObjectHead> head = store.head(id.toString());
                if (head.isEmpty()) {
                    return Optional.empty();
                }
                UploadMetadata.Stored said =
                        UploadMetadata.fromMetadata(head.get().metadata());
                UploadMetadata notes = change.apply(said.notes()).fitted();
                if (notes.equals(said.notes())) {
                    return Optional.of(notes);
                }
                Map<String, String> metadata = new HashMap<>(head.get().metadata());
                metadata.putAll(said.with(notes).toMetadata());
                if (!marked) {
                    marked = true;
                    boolean unused = store.putIfAbsent(marker, new byte[0], "text/plain", Map.of());
                }
                if (store.replaceMetadata(
                        id.toString(), head.get().etag(), id.format().mediaType(), metadata, timings.put())) {
                    return Optional.of(notes);
                }
            }
            throw StoreUnavailableException.openly(id + " is being changed all the time");
        }

        /**
         * Makes the row say what the picture says, and removes the marker. The caller holds the picture's lock.
         *
         * @return completes with whether the picture is there with its row
         */
        public CompletableFuture<Boolean> finishLocked() {
            return finishEditLocked(marker, id, marked).thenApply(there -> {
                marked = false;
                return there;
            });
        }

        /**
         * Takes the picture's lock, and makes the row say what the picture says.
         *
         * @param last whether the metadata cannot arrive in the store any more; only then the marker goes
         * @return completes with whether the picture is there with its row
         */
        CompletableFuture<Boolean> finish(boolean last) {
            return locks.withLock(id, () -> finishEditLocked(marker, id, last));
        }
    }

    /** Takes the picture's lock, and finishes an edit that another server has begun, by the marker that it has left. */
    CompletableFuture<Boolean> finishForOther(String marker, ImageId id) {
        return locks.withLock(id, () -> finishEditLocked(marker, id, true));
    }

    private CompletableFuture<Boolean> finishEditLocked(String marker, ImageId id, boolean unmark) {
        return reconciler
                .describeLocked(id)
                .thenApplyAsync(
                        there -> {
                            if (unmark) {
                                store.delete(marker);
                            }
                            return there;
                        },
                        requests);
    }
}
