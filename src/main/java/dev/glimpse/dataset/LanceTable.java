package dev.glimpse.dataset;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.Transaction;
import org.lance.WriteParams;
import org.lance.compaction.Compaction;
import org.lance.compaction.RewriteResult;
import org.lance.index.Index;
import org.lance.ipc.ScanOptions;
import org.lance.operation.Append;
import org.lance.operation.CreateIndex;
import org.lance.operation.Delete;
import org.lance.operation.Operation;
import org.lance.operation.UpdateConfig;
import org.lance.operation.UpdateMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Lance table: versions are made here, by one thread at a time. Owns all that is native, that of its reader too. */
final class LanceTable implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LanceTable.class);

    /** Files that are fetched before ids are read from them; with more, ids are read in the bucket. */
    private static final long SOON = 64L << 20;

    private final int dimension;
    private final Datasets datasets;
    private final Replica replica;
    private final SnapshotManager snapshots;
    private final TableReader reader;

    /** The newest version that is known. Its files need not be here. */
    private volatile Manifest manifest;

    /** Which ids the table has. Used by the writing thread alone. */
    private final FragmentIds fragmentIds = new FragmentIds();

    private final Consumer<TableLostException> lost;

    /** Makes the replica, given what can read manifests. */
    interface ReplicaFactory {
        Replica make(ManifestReader reader);
    }

    /**
     * Opens the newest version, or creates an empty table with this stamp. If its files are not here yet, the bucket itself
     * is read until {@link SnapshotManager#refresh}.
     *
     * @param bucket where Lance finds the table if it is not to be read here
     * @param exactRows searches of fewer rows are exact
     * @param work local folder for what need not outlive the process
     * @param beginnings what a new table says of itself
     * @param lost is told when the store is found to have another table, or none; also thrown then
     * @throws DamagedTableException if the table is there and cannot be read
     */
    LanceTable(
            ReplicaFactory replicas,
            Optional<BucketAccess> bucket,
            int exactRows,
            Path work,
            ModelStamp model,
            Supplier<TableStamp> beginnings,
            Consumer<TableLostException> lost)
            throws IOException {
        this.dimension = model.dimension();
        this.lost = lost;
        this.datasets = new Datasets(bucket);
        try {
            this.replica = replicas.make(new LanceManifestReader(datasets.allocator()));
            replica.open();
            if (replica.version() == 0) {
                create(model, beginnings.get());
            }
            this.manifest = readManifest();
            this.snapshots = new SnapshotManager(replica, datasets, work, dimension);
            this.reader = new TableReader(snapshots, exactRows);
        } catch (IOException | RuntimeException e) {
            datasets.close();
            throw e;
        }
    }

    // ---- writing

    private void create(ModelStamp model, TableStamp stamp) throws IOException {
        try (StagedVersion staged = replica.publisher().stageEmpty()) {
            try (Dataset empty = Dataset.write()
                    .allocator(datasets.allocator())
                    .schema(Columns.schema(model.dimension()))
                    .uri(staged.folder().toString())
                    .mode(WriteParams.WriteMode.CREATE)
                    .enableStableRowIds(true)
                    .dataStorageVersion("2.1")
                    .execute()) {
                // Of the version without the stamp nobody may ever see a trace: a crash would leave a foreign table.
                List<String> unstamped = staged.newFiles();
                Map<String, String> metadata = new TreeMap<>(model.toMetadata());
                metadata.putAll(stamp.toMetadata());
                commit(empty, metadataUpdate(metadata));
                staged.forget(unstamped);
            }
            if (!replica.publisher().publish(staged)) {
                replica.open();
            }
        }
    }

    /** False if another writer was first; then the newest version is its own, and what it holds is to be looked at. */
    boolean append(List<PictureRow> rows) throws IOException {
        requireOurColumns();
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            boolean won = commitAndPublish(
                    staged,
                    dataset -> Append.builder()
                            .fragments(write(rows, dataset, staged))
                            .build());
            if (won) {
                fragmentIds.appended(manifest, rows.stream().map(PictureRow::id).toList());
            }
            return won;
        }
    }

    private void requireOurColumns() {
        String unwritable = manifest.unwritable();
        if (unwritable != null) {
            throw new ForeignTableException("no row can be added to the table: " + unwritable);
        }
    }

    /** In the columns that the table has now, which Lance insists on. */
    private List<FragmentMetadata> write(List<PictureRow> rows, Dataset table, StagedVersion staged) {
        try (VectorSchemaRoot data = Columns.toArrow(rows, table.getSchema(), datasets.allocator())) {
            return Fragment.write()
                    .datasetUri(staged.folder().toString())
                    .allocator(datasets.allocator())
                    .data(data)
                    .mode(WriteParams.WriteMode.APPEND)
                    .execute();
        }
    }

    private interface OperationOn {
        Operation of(Dataset dataset);
    }

    private boolean commitAndPublish(StagedVersion staged, OperationOn operation) throws IOException {
        try (Dataset base = Datasets.of(staged, datasets.allocator())) {
            commit(base, operation.of(base));
        }
        return publish(staged);
    }

    private boolean publish(StagedVersion staged) throws IOException {
        boolean published = replica.publisher().publish(staged);
        if (!published) {
            replicaCatchesUp();
        }
        manifest = readManifest();
        return published;
    }

    /**
     * Takes over what other writers have committed since.
     *
     * @throws TableLostException if the store has another table by now, or none
     */
    void catchUp() throws IOException {
        replicaCatchesUp();
        if (replica.version() != manifest.version()) {
            manifest = readManifest();
        }
    }

    /** Takes over what other writers have committed since, by a listing, whatever was known a moment ago. */
    void catchUpByListing() throws IOException {
        replica.manifests().doubt();
        catchUp();
    }

    private void replicaCatchesUp() throws IOException {
        try {
            replica.manifests().catchUp();
        } catch (TableLostException e) {
            lost.accept(e);
            throw e;
        }
    }

    private Manifest readManifest() {
        try (Dataset dataset = datasets.inFolder(replica.folder(), replica.version())) {
            return Manifest.of(dataset, dimension);
        } catch (DamagedTableException e) {
            throw replica.files().damagedManifest(replica.manifests().name(), e);
        }
    }

    /**
     * Compares the files of the newest version with those of the store. One listing.
     *
     * @throws DamagedTableException if one is missing, or has another size than the manifest says
     */
    void requireFiles() throws IOException {
        replica.files().requireStored();
    }

    /** False if another writer was first. Rows that are not there are left out; without any, no version is made. */
    boolean delete(List<ImageId> ids) throws IOException {
        String filter = anyOf(ids);
        Map<Integer, List<Integer>> offsets = new TreeMap<>();
        Map<Integer, List<ImageId>> gone = new TreeMap<>();
        ScanOptions.Builder rows = new ScanOptions.Builder()
                .columns(List.of(Columns.ID))
                .filter(filter)
                .withRowAddress(true);
        readNewest(dataset -> Datasets.scan(dataset, rows.build(), batch -> {
            List<Long> addresses = Columns.addresses(batch);
            for (int i = 0; i < addresses.size(); i++) {
                int fragment = (int) (addresses.get(i) >>> 32);
                offsets.computeIfAbsent(fragment, first -> new ArrayList<>())
                        .add(addresses.get(i).intValue());
                Columns.id(batch, i)
                        .ifPresent(id -> gone.computeIfAbsent(fragment, first -> new ArrayList<>())
                                .add(id));
            }
        }));
        if (offsets.isEmpty()) {
            return true;
        }
        try (StagedVersion staged = replica.publisher().stageDeletions(offsets.keySet())) {
            boolean won = commitAndPublish(staged, dataset -> {
                List<FragmentMetadata> rest = new ArrayList<>();
                List<Long> emptied = new ArrayList<>();
                offsets.forEach((fragment, deleted) -> {
                    FragmentMetadata updated = dataset.getFragment(fragment).deleteRows(deleted);
                    if (updated == null) {
                        emptied.add((long) fragment);
                    } else {
                        rest.add(updated);
                    }
                });
                return Delete.builder()
                        .updatedFragments(rest)
                        .deletedFragmentIds(emptied)
                        .predicate(filter)
                        .build();
            });
            if (won) {
                fragmentIds.deleted(manifest, gone);
            }
            return won;
        }
    }

    private static String anyOf(List<ImageId> ids) {
        // An id is made of hex digits and a few letters, so there is nothing to quote.
        return Columns.ID + ids.stream().map(id -> "'" + id + "'").collect(Collectors.joining(", ", " IN (", ")"));
    }

    private static void commit(Dataset base, Operation operation) {
        try (Transaction transaction = new Transaction.Builder()
                        .readVersion(base.version())
                        .operation(operation)
                        .build();
                Dataset committed = new CommitBuilder(base)
                        .skipAutoCleanup(true)
                        .maxRetries(0)
                        .execute(transaction)) {
            log.debug("made version {}", committed.version());
        }
    }

    /**
     * All files of the newest version, for {@link FragmentRewriter} and {@link IndexBuilder}.
     *
     * @throws IOException if they are not here, as when the table is not copied
     */
    StagedVersion stageAllFiles() throws IOException {
        if (!replica.files().isCopied()) {
            throw new IOException("the table has more bytes than glimpse.replica.disk allows to copy");
        }
        replica.files().fill();
        return replica.publisher().stageAllFiles();
    }

    BufferAllocator allocator() {
        return datasets.allocator();
    }

    /** Brings a merged fragment to the store, ahead of {@link #commitCompaction}. Any thread. */
    void shipCompaction(StagedVersion built) throws IOException {
        replica.publisher().ship(built, name -> name.startsWith(TableLocation.DATA));
    }

    /** Brings new parts of the index to the store, ahead of {@link #commitIndex}. Any thread. */
    void shipIndex(StagedVersion built, IndexBuilder.IndexChange change) throws IOException {
        replica.publisher()
                .ship(built, name -> change.added().stream().anyMatch(part -> name.startsWith(folder(part))));
    }

    private static String folder(Index part) {
        return TableLocation.INDICES + part.uuid() + "/";
    }

    /**
     * Puts a merged fragment in the place of those that it was made from. False if another writer was first.
     *
     * @throws OutdatedException if these are not as they were
     */
    boolean commitCompaction(StagedVersion built, RewriteResult merged) throws IOException {
        try (StagedVersion staged = replica.publisher().stageSince(merged.getReadVersion())) {
            staged.adopt(built, TableLocation.DATA);
            try (Dataset base = Datasets.of(staged, datasets.allocator())) {
                Compaction.commitCompaction(base, List.of(merged), FragmentRewriter.COMPACTION);
            } catch (RuntimeException e) {
                // Lance has no kinds of failures, only texts.
                if (String.valueOf(e.getMessage()).contains("conflict")) {
                    throw new OutdatedException("the fragments have changed: " + e.getMessage());
                }
                throw e;
            }
            boolean won = publish(staged);
            if (won) {
                fragmentIds.merged(manifest);
            }
            return won;
        }
    }

    /**
     * Makes new parts of the index those of the newest version, which may have rows that they do not know. False if another
     * writer was first.
     *
     * @throws OutdatedException if what they were made from is not there any more
     */
    boolean commitIndex(StagedVersion built, IndexBuilder.IndexChange change) throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            for (Index part : change.added()) {
                staged.adopt(built, folder(part));
            }
            return commitAndPublish(staged, dataset -> replaceIndex(dataset, change));
        }
    }

    private static Operation replaceIndex(Dataset dataset, IndexBuilder.IndexChange change) {
        List<Index> replaced = IndexBuilder.parts(dataset).stream()
                .filter(part -> change.removed().contains(part.uuid()))
                .toList();
        Set<Integer> fragments =
                dataset.getFragments().stream().map(Fragment::getId).collect(Collectors.toSet());
        boolean known = change.added().stream()
                .allMatch(part -> fragments.containsAll(part.fragments().orElse(List.of())));
        if (replaced.size() < change.removed().size() || !known) {
            throw new OutdatedException("the index or the fragments below it have changed");
        }
        return CreateIndex.builder()
                .withNewIndices(change.added())
                .withRemovedIndices(replaced)
                .build();
    }

    /** Sets these entries of the table's metadata. False if another writer was first. */
    boolean describe(Map<String, String> metadata) throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            return commitAndPublish(staged, dataset -> metadataUpdate(metadata));
        }
    }

    private static Operation metadataUpdate(Map<String, String> metadata) {
        return UpdateConfig.builder()
                .tableMetadataUpdates(
                        UpdateMap.builder().updates(metadata).replace(false).build())
                .build();
    }

    Replica replica() {
        return replica;
    }

    /**
     * What has become of the pictures that have rows, since the last call. Reads what others have written, or all ids if they have
     * taken any away. Of the writing thread.
     *
     * @param isKnown whether there was a row of this picture
     */
    FragmentIds.Change followIds(Predicate<ImageId> isKnown) throws IOException {
        return fragmentIds.follow(manifest, isKnown, this::scanIds);
    }

    /** The pictures of all rows, read anew. Of the writing thread. */
    FragmentIds.Change readAllIds() throws IOException {
        return fragmentIds.readAll(manifest, this::scanIds);
    }

    /** The pictures of all rows. Any thread. */
    void allIds(Consumer<ImageId> ids) throws IOException {
        scanIds(null, (fragment, id) -> ids.accept(id));
    }

    private interface Scan {
        void of(Dataset dataset) throws IOException;
    }

    /**
     * Reads the newest version, wherever it can be read.
     *
     * @throws DamagedTableException if it cannot, though the store answers
     */
    private void readNewest(Scan scan) throws IOException {
        try {
            scanNewest(scan);
        } catch (DamagedTableException | StoreUnavailableException | TableBusyException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            replica.files().requireStored();
            throw new DamagedTableException(
                    "the rows of version " + manifest.version() + " cannot be read: "
                            + DamagedTableException.sentence(e),
                    e);
        }
    }

    private void scanNewest(Scan scan) throws IOException {
        long version = replica.version();
        boolean ready = snapshots.read(snapshot -> {
            if (snapshot.version() != version) {
                return false;
            }
            scan.of(snapshot.dataset());
            return true;
        });
        if (!ready) {
            try (Dataset dataset = replica.files().isCopied() && replica.files().fillUpTo(SOON)
                    ? datasets.inFolder(replica.folder(), version)
                    : datasets.inBucket(version)) {
                scan.of(dataset);
            }
        }
    }

    private void scanIds(@Nullable List<Integer> fragments, FragmentIds.Rows rows) throws IOException {
        if (!manifest.columns().containsKey(Columns.ID)) {
            return; // Nobody can tell which pictures its rows are of.
        }
        ScanOptions.Builder scan =
                new ScanOptions.Builder().columns(List.of(Columns.ID)).withRowAddress(true);
        if (fragments != null) {
            scan.fragmentIds(fragments);
        }
        readNewest(dataset -> Datasets.scan(dataset, scan.build(), batch -> {
            List<Long> addresses = Columns.addresses(batch);
            for (int i = 0; i < addresses.size(); i++) {
                int fragment = (int) (addresses.get(i) >>> 32);
                // Rows of other software may be called anything; only pictures of ours can be uploaded again.
                Columns.id(batch, i).ifPresent(id -> rows.row(fragment, id));
            }
        }));
    }

    /** What the newest version says of itself; needs no native call, so it may be asked at any time. */
    Manifest manifest() {
        return manifest;
    }

    /** Tells which version is read. */
    SnapshotManager snapshots() {
        return snapshots;
    }

    /** Searches the table. */
    TableReader reader() {
        return reader;
    }

    /** Removes files that no version needs any more that is read here. Of the writing thread. */
    void prune() throws IOException {
        replica.files().prune(snapshots.versions());
    }

    /** What is used of the memory that is ours to bound. */
    MemoryState memory() {
        return datasets.memory(snapshots.codeBytes());
    }

    /** To be called once, after the last write and the last read. */
    @Override
    public void close() {
        snapshots.close();
        datasets.close();
    }
}
