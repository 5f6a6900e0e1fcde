package dev.glimpse.dataset.table;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** Moves a damaged table to other keys of the store, so that a new one can take its place. Blocks the calling thread. */
final class TableMover {
    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final ObjectStore store;
    private final Executor transfers;

    /** @param transfers runs copies side by side */
    TableMover(ObjectStore store, Executor transfers) {
        this.store = store;
        this.transfers = transfers;
    }

    /**
     * Moves all files of the table, until none is left. Manifests go first, so that other servers see at once that the table is gone and
     * commit nothing on top of it.
     *
     * @return the prefix of the keys that the files have now
     */
    String moveAside() {
        String aside = "vectors/damaged-" + MOMENT.format(Instant.now()) + "/";
        while (store.hasAny(ImageDataset.KEY)) {
            List<String> keys = store.list(ImageDataset.KEY);
            keys.stream()
                    .filter(key -> versionOf(key) > 0)
                    .sorted(Comparator.comparingLong(TableMover::versionOf).reversed())
                    .forEach(key -> move(key, aside));
            List<CompletableFuture<Void>> moves = keys.stream()
                    .filter(key -> versionOf(key) == 0)
                    .map(key -> CompletableFuture.runAsync(() -> move(key, aside), transfers))
                    .toList();
            await(CompletableFuture.allOf(moves.toArray(CompletableFuture[]::new)));
        }
        return aside;
    }

    private void move(String key, String aside) {
        store.copy(key, aside + key.substring(ImageDataset.KEY.length()));
        store.delete(key);
    }

    /** The version of a manifest; 0 for all other files. */
    private static long versionOf(String key) {
        return ManifestName.version(key.substring(key.lastIndexOf('/') + 1)).orElse(0L);
    }

    private static void await(CompletableFuture<Void> moves) {
        try {
            moves.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }
}
