package dev.glimpse.dataset.replica;

import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.replica.ManifestLog.Standing;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Stages new versions of the table and publishes them in the store. Publishing is a conditional put of the next manifest: of several
 * writers, one wins. Only one thread at a time may publish; any thread may stage and ship.
 *
 * <p>Lance itself never writes to a bucket. Its own commit silently rebases on commits of others and, when the answer of the store is
 * lost, commits twice.
 *
 * <p><b>When files are put.</b> The new files of a version are put after the version before it is in the store, or by {@link #ship} at
 * or {@link #bring} at most {@link TableTimings#shipped} before their manifest. {@code upkeep.GarbageCollection} relies on this, by {@link #earliestPut}.
 */
public final class VersionPublisher {
    private final TableLocation table;
    private final ObjectStore store;
    private final ManifestLog manifests;
    private final ManifestReader reader;
    private final LocalTableFiles files;
    private final StagingArea staging;
    private final Transfers transfers;
    private final TableTimings timing;

    VersionPublisher(
            TableLocation table,
            ManifestLog manifests,
            ManifestReader reader,
            LocalTableFiles files,
            StagingArea staging,
            Transfers transfers,
            TableTimings timing) {
        this.table = table;
        this.store = table.store();
        this.manifests = manifests;
        this.reader = reader;
        this.files = files;
        this.staging = staging;
        this.transfers = transfers;
        this.timing = timing;
    }

    // ---- staging

    /** Stages the first version of a table: without any file. */
    public StagedVersion stageEmpty() throws IOException {
        return staging.stage();
    }

    /** Stages a version with the newest manifest alone. That is enough to commit files that were made elsewhere. */
    public StagedVersion stageNewest() throws IOException {
        return staging.stage(table, manifests.name());
    }

    /**
     * Stages a version with the newest manifest and all since this version. From these Lance sees whether commits that came meanwhile
     * conflict with a compaction.
     */
    public StagedVersion stageSince(long since) throws IOException {
        StagedVersion staged = stageNewest();
        List<String> older = new ArrayList<>();
        for (long version = since; version < manifests.version(); version++) {
            older.add(TableLocation.VERSIONS + ManifestName.of(version));
        }
        files.fetchIfAbsent(older);
        staged.link(table.folder(), older);
        return staged;
    }

    /** Stages a version with the newest manifest and the deletion files of these fragments, so that more rows can be deleted. */
    public StagedVersion stageDeletions(Set<Integer> fragments) throws IOException {
        StagedVersion staged = stageNewest();
        List<String> deletions = reader.deletionFiles(staged, fragments);
        files.fetchIfAbsent(deletions);
        staged.link(table.folder(), deletions);
        return staged;
    }

    /**
     * Stages a version with all files of the newest one, for work that reads the rows.
     *
     * @throws IOException if some of the files are not on the local disk
     */
    public StagedVersion stageAllFiles() throws IOException {
        String manifest = manifests.name();
        StagedVersion staged = staging.stage(table, manifest);
        staged.link(table.folder(), files.files(manifest).keySet());
        return staged;
    }

    // ---- shipping

    /**
     * Puts new files of a staged version into the store, ahead of the version that will have them; {@link #publish} then finds them
     * there. Large files go this way. So they do not delay other commits, and are put once, however many attempts the commit takes.
     *
     * @param which names of the files to be put
     */
    public void ship(StagedVersion built, Predicate<String> which) throws IOException {
        store.requireConditionalPuts();
        List<String> names = built.newFiles().stream().filter(which).toList();
        Elapsed begun = Elapsed.started();
        transfers.forEach(
                names, name -> store.putIfAbsent(table.key(name), built.folder().resolve(name)));
        built.shipped(names, begun);
    }

    /**
     * Copies files that are in the store under other keys to their places in the table, ahead of the version that will have them. They
     * count as shipped: see {@link StagedVersion#notHere}.
     *
     * @param keys where the files are, by the names that they get
     * @return the same names, with the time since the first copy began
     * @throws IOException if there is no such object
     */
    public Map<String, Elapsed> bring(Map<String, String> keys) throws IOException {
        Elapsed begun = Elapsed.started();
        transfers.forEach(keys.keySet(), name -> {
            String from = String.valueOf(keys.get(name));
            if (!store.copy(from, table.key(name))) {
                throw new IOException(store.address(from) + " is gone");
            }
        });
        return keys.keySet().stream().collect(Collectors.toMap(name -> name, name -> begun));
    }

    /**
     * The earliest time at which a new file of any later version can have been put.
     *
     * @param committed when a version was committed, by the store's clock
     */
    public Instant earliestPut(Instant committed) {
        return committed.minus(timing.shipped());
    }

    // ---- publishing

    /**
     * Puts the new files of a staged version into the store, and its last manifest at the end: that is the commit. If the put of a
     * manifest is refused, another writer was first. Then the files are removed from the store again, and {@link ManifestLog#catchUp}
     * is due.
     *
     * @return true if the version is now in the store, and its files are in the local folder. False if another writer was first, or if
     *     the version below it is not the store's any more, which {@link ManifestLog#catchUp} then says
     * @throws OutdatedException if files were shipped too long ago
     * @throws StoreUnavailableException if the store does not answer. The version may or may not be committed then; the next commit
     *     finds out
     */
    public boolean publish(StagedVersion staged) throws IOException {
        // Who commits depends on the put of the manifest alone.
        store.requireConditionalPuts();
        List<String> names = new ArrayList<>(staged.newFiles());
        // Lance counts the names of manifests down.
        List<String> made = names.stream()
                .filter(name -> name.startsWith(TableLocation.VERSIONS))
                .sorted(Comparator.reverseOrder())
                .toList();
        if (made.isEmpty()) {
            throw new IllegalStateException("no new version in " + names);
        }
        names.removeAll(made);
        Map<String, Elapsed> shipped = staged.shipped();
        if (shipped.values().stream().anyMatch(since -> since.isOver(timing.shipped()))) {
            throw new OutdatedException("what was made for it has been in the store for too long");
        }
        List<String> ours =
                names.stream().filter(name -> !shipped.containsKey(name)).toList();
        Elapsed compared = Elapsed.started();
        // Runs beside the puts, so that it takes no time of its own.
        CompletableFuture<Standing> base = transfers.start(manifests::standing);
        // Names of files are random. So a refused put means that an earlier put had succeeded, and its answer was lost.
        transfers.forEach(
                ours, name -> store.putIfAbsent(table.key(name), staged.folder().resolve(name)));
        if (Transfers.await(base) != Standing.SAME) {
            takeBack(ours);
            return false;
        }
        for (String early : made.subList(0, made.size() - 1)) {
            if (!store.putIfAbsent(table.key(early), staged.folder().resolve(early))) {
                delete(ours);
                return false;
            }
        }
        String last = made.get(made.size() - 1);
        Path manifest = staged.folder().resolve(last);
        Elapsed put = Elapsed.started();
        boolean first = store.putIfAbsent(table.key(last), manifest);
        if (first && isPhantom(compared)) {
            store.delete(table.key(last));
            takeBack(ours);
            return false;
        }
        if (!first) {
            delete(ours);
            return false;
        }
        byte[] bytes = Files.readAllBytes(manifest);
        if (!table.inPlace()) {
            move(manifest, table.path(last));
        }
        manifests.published(last.substring(TableLocation.VERSIONS.length()), bytes, put);
        if (!table.inPlace() && files.isCopied()) {
            for (String name : names) {
                move(staged.folder().resolve(name), table.path(name));
            }
        }
        return true;
    }

    /** After this, only a listing tells what has become of the table. */
    private void takeBack(List<String> shipped) {
        delete(shipped);
        manifests.doubt();
    }

    private void delete(List<String> names) {
        names.forEach(name -> store.delete(table.key(name)));
    }

    /**
     * Whether the manifest was put under a name that had been taken before and was free again. That happens if this server slept while
     * others committed and collected garbage. They remove the base first, so the base tells.
     *
     * @param compared since the base was seen in the store
     */
    private boolean isPhantom(Elapsed compared) {
        return compared.isOver(timing.certain()) && manifests.standing() != Standing.SAME;
    }

    private static void move(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }
}
