package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Tables in plain folders, with usual settings and without the threads of a server. */
final class FolderTables {
    private FolderTables() {}

    /**
     * Opens the table, or makes it. To be closed by the caller, before the store.
     *
     * @param data folder of the store
     */
    static LanceTable open(ObjectStore store, Path data, KnownModels known) throws IOException {
        return openIn(store, data.resolve(".glimpse"), known);
    }

    /**
     * Opens the table, or makes it, with a working folder that may be anywhere. To be closed by the caller, before the store.
     *
     * @param work the working folder
     */
    static LanceTable openIn(ObjectStore store, Path work, KnownModels known) throws IOException {
        return new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        work.resolve("replica"),
                        work.resolve("scratch"),
                        1L << 30,
                        TableTimings.USUAL,
                        manifests,
                        Runnable::run),
                Optional.empty(),
                10_000,
                work.resolve("vectors"),
                known,
                () -> TableStamp.fresh(false),
                lost -> {});
    }
}
