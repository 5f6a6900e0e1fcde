package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One delete, step by step, so that after a crash at any of them another server can see it through: a marker first, then
 * the picture, then the row, then the marker again. Calls wait for the store and the table.
 */
final class Deletion {
    private static final String DELETE = "delete-";

    /** Another upload's commit is waited for so long before its row is removed. */
    private static final long GROUP_MILLIS = 10_000;

    private static final long POLL_MILLIS = 500;

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Reconciler reconciler;
    private final Turns turns;
    private final String server;
    private final Executor deletes;

    /**
     * @param server that this is
     * @param deletes runs what waits for the store and the table
     */
    Deletion(
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            Turns turns,
            String server,
            Executor deletes) {
        this.store = store;
        this.dataset = dataset;
        this.reconciler = reconciler;
        this.turns = turns;
        this.server = server;
        this.deletes = deletes;
    }

    /** The picture that a marker is about; empty if it is not the marker of a delete. */
    static Optional<ImageId> pictureOf(String marker) {
        String name = marker.substring(marker.lastIndexOf('/') + 1);
        return name.startsWith(DELETE) ? ImageId.parse("images/" + name.substring(DELETE.length())) : Optional.empty();
    }

    String marker(ImageId id) {
        return Group.marker(server + "/" + DELETE + id.name());
    }

    /**
     * Removes the picture, and hides the row. To be followed by {@link #finishInTurn}, also when this throws.
     *
     * @return the group of uploads that the picture came in with, null if it does not say
     */
    @Nullable String removePicture(ImageId id, boolean purge) {
        store.requireConditionalPuts();
        store.putIfAbsent(marker(id), new byte[0], "text/plain", Map.of());
        dataset.hide(id);
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isPresent()) {
            if (!purge) {
                store.copy(id.toString(), Trash.key(id));
            }
            store.delete(id.toString());
        }
        return head.map(found -> PictureNotes.fromMetadata(found.metadata()).group())
                .orElse(null);
    }

    /**
     * {@link #finishInTurn} when it is the picture's turn; not for who has it already.
     *
     * @param finished to be run in the turn, unless it is too early
     */
    CompletableFuture<Void> finish(String marker, ImageId id, @Nullable String group, Runnable finished) {
        return turns.take(
                id,
                () -> CompletableFuture.runAsync(
                        () -> {
                            if (finishInTurn(marker, id, group)) {
                                finished.run();
                            }
                        },
                        deletes));
    }

    /**
     * Removes the row, unless there is a picture: because the delete got stuck before that, or because it was uploaded
     * again. Then it has a row at the end. For who has the picture's turn.
     *
     * @param group of the picture, if it is known: another server may still be about to add the row
     * @return false if it is too early, as that other server's commit has not come
     */
    boolean finishInTurn(String marker, ImageId id, @Nullable String group) {
        if (group != null && !group.startsWith(server + "/") && !isOver(group)) {
            return false;
        }
        reconciler.reconcileInTurn(id).join();
        dataset.show(id);
        store.delete(marker);
        return true;
    }

    private boolean isOver(String group) {
        for (long waited = 0; store.head(Group.marker(group)).isPresent(); waited += POLL_MILLIS) {
            if (waited >= GROUP_MILLIS) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }
}
