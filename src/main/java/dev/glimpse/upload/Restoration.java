package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * One restore, step by step, so that after a crash at any of them another server can see it through: a marker first, then
 * the picture, then the row, then the copy in the trash goes, then the marker. Safe to share between threads.
 *
 * <p>A delete of the picture by another server may come in between. Each of the two makes the table agree with the picture
 * at its end, so whether the picture is there decides, whichever ends last.
 */
final class Restoration {
    private static final String RESTORE = "restore-";

    private final ObjectStore store;
    private final Reconciler reconciler;
    private final Turns turns;
    private final String server;
    private final Executor requests;

    /**
     * @param server that this is
     * @param requests runs what waits for the store
     */
    Restoration(ObjectStore store, Reconciler reconciler, Turns turns, String server, Executor requests) {
        this.store = store;
        this.reconciler = reconciler;
        this.turns = turns;
        this.server = server;
        this.requests = requests;
    }

    /** The picture that a marker is about; empty if it is not the marker of a restore. */
    static Optional<ImageId> pictureOf(String marker) {
        return Group.pictureOf(RESTORE, marker);
    }

    private String marker(ImageId id) {
        return Group.marker(server + "/" + RESTORE + id.name());
    }

    /**
     * Puts the picture back, and waits for the store. To be followed by {@link #finishInTurn}, also when this throws.
     *
     * @return false if the trash does not have it
     */
    boolean copyBack(ImageId id) {
        store.requireConditionalPuts();
        boolean unused = store.putIfAbsent(marker(id), new byte[0], "text/plain", Map.of());
        return store.copy(Trash.key(id), id.toString());
    }

    /**
     * For who has the picture's turn, after {@link #copyBack}. If the picture is there it gets its row, and the copy in the
     * trash goes; else the trash stays as it is.
     *
     * @return completes with whether the picture is there with its row
     */
    CompletableFuture<Boolean> finishInTurn(ImageId id) {
        return finishInTurn(marker(id), id);
    }

    /** {@link #finishInTurn} when it is the picture's turn; not for who has it already. */
    CompletableFuture<Boolean> finish(ImageId id, Runnable finished) {
        return turns.take(
                id,
                () -> finishInTurn(marker(id), id).thenApply(there -> {
                    finished.run();
                    return there;
                }));
    }

    /** The same for a restore of another server, by the marker that it has left. Not for who has the picture's turn. */
    CompletableFuture<Boolean> finishForOther(String marker, ImageId id) {
        return turns.take(id, () -> finishInTurn(marker, id));
    }

    private CompletableFuture<Boolean> finishInTurn(String marker, ImageId id) {
        return reconciler
                .reconcileInTurn(id)
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
