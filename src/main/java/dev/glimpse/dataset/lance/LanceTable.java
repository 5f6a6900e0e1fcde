package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.BulkFragment;
import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.MemoryState;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowChange;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.ManifestReader;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.VersionPublisher;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.WriteParams;
import org.lance.compaction.Compaction;
import org.lance.index.Index;
import org.lance.operation.Append;
import org.lance.operation.Delete;
import org.lance.operation.Operation;
import org.lance.operation.Update;

/**
 * The Lance table: makes new versions, one thread at a time. Owns everything native: datasets, caches and Arrow memory, also those of
 * its reader.
 */
public final class LanceTable implements AutoCloseable {
    private final KnownModels known;
    private final Datasets datasets;
    private final Replica replica;
    private final SnapshotManager snapshots;
    private final TableReader reader;
    private final RowScanner scanner;

    /** The newest version that is known. Its files need not be here. */
    private volatile Manifest manifest;

    /** Which ids the table has. Used by the writing thread alone. */
    private final FragmentIds fragmentIds;

    private final Consumer<TableLostException> lost;

    /** Makes the replica, given what can read manifests. */
    public interface ReplicaFactory {
        Replica make(ManifestReader reader);
    }

    /**
     * Opens the newest version, or creates an empty table with this stamp. If its files are not here yet, the bucket itself
     * is read until {@link SnapshotManager#refresh}.
     *
     * @param bucket where Lance finds the table if it is not to be read here
     * @param exactRows searches of fewer rows are exact
     * @param work local folder for what is made anew if it is not there
     * @param known the models that this server has; a new table gets the one that is configured
     * @param beginnings what a new table says of itself
     * @param lost is told when the store is found to have another table, or none; also thrown then
     * @throws DamagedTableException if the table is there and cannot be read
     */
    public LanceTable(
            ReplicaFactory replicas,
            Optional<BucketAccess> bucket,
            int exactRows,
            Path work,
            KnownModels known,
            Supplier<TableStamp> beginnings,
            Consumer<TableLostException> lost)
            throws IOException {
        this.known = known;
        this.lost = lost;
        this.fragmentIds = new FragmentIds(new MappedIds(work));
        this.datasets = new Datasets(bucket);
        try {
            this.replica = replicas.make(new LanceManifestReader(datasets.allocator()));
            replica.open();
            if (replica.version() == 0) {
                create(known.configured(), beginnings.get());
            }
            this.manifest = readManifest();
            this.snapshots = new SnapshotManager(replica, datasets, work, known);
            this.reader = new TableReader(snapshots, exactRows);
            this.scanner = new RowScanner(replica, datasets, snapshots);
        } catch (IOException | RuntimeException | Error e) {
            datasets.close();
            throw e;
        }
    }

    // ---- writing

    private void create(ModelStamp model, TableStamp stamp) throws IOException {
        try (StagedVersion staged = replica.publisher().stageEmpty()) {
            try (Dataset empty = Dataset.write()
                    .allocator(datasets.allocator())
                    .schema(TableSchema.schema(model.dimension()))
                    .uri(staged.folder().toString())
                    .mode(WriteParams.WriteMode.CREATE)
                    .enableStableRowIds(true)
                    .dataStorageVersion("2.1")
                    .execute()) {
                // Of the version without the stamp nobody may ever see a trace: a crash would leave a foreign table.
                List<String> unstamped = staged.newFiles();
                Map<String, String> metadata = new TreeMap<>(model.toMetadata());
                metadata.putAll(stamp.toMetadata());
                Operations.commit(empty, Operations.metadataUpdate(metadata));
                staged.forget(unstamped);
            }
            if (!replica.publisher().publish(staged)) {
                replica.open();
            }
        }
    }

    /** Commits new rows. False if another writer was first: its version is the newest then, and may have some of the rows. */
    public boolean append(List<PictureRow> rows) throws IOException {
        requireOurColumns();
        if (manifest.lacksColumns() && !addColumns()) {
            return false;
        }
        if (!manifest.hasSources() && rows.stream().anyMatch(SourceRows::isOfSource) && !admitSources()) {
            return false;
        }
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

    /**
     * Commits rows that were written by {@link FragmentWriter}, in one version. False if another writer was first: its version is the newest
     * then, and may have some of the rows.
     *
     * @param brought the rows, by the names of their files, which are in the table's folder of data in the store
     * @param since when these files are there, see {@link VersionPublisher#bring}
     * @throws OutdatedException if the files were brought too long ago, or the table lacks a column by now that they have
     */
    public boolean append(Map<String, BulkFragment> brought, Map<String, Elapsed> since) throws IOException {
        requireOurColumns();
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            staged.notHere(since);
            return commitAndPublish(staged, dataset -> FragmentWriter.append(dataset, brought));
        }
    }

    /** Whether the newest version has all columns of rows that were written by {@link FragmentWriter}. */
    public boolean hasColumnsOf(BulkFragment fragment) {
        try (Dataset dataset = datasets.inFolder(replica.folder(), replica.version())) {
            return FragmentWriter.columns(dataset).containsAll(fragment.columns());
        }
    }

    /** Makes a table of an earlier Glimpse have all columns of this one. False if another writer was first. */
    public boolean completeColumns() throws IOException {
        requireOurColumns();
        return !manifest.lacksColumns() || addColumns();
    }

    /**
     * Commits a version of a table of an earlier Glimpse that has the columns which came later. All rows have nulls there, and no file of
     * rows is written. False if another writer was first.
     */
    private boolean addColumns() throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            try (Dataset base = Datasets.of(staged, datasets.allocator())) {
                base.addColumns(TableSchema.missing(base.getSchema()));
            }
            return publish(staged);
        }
    }

    /** Commits a version that says that there may be rows of sources, ahead of the first one. False if another writer was first. */
    private boolean admitSources() throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            return commitAndPublish(staged, dataset -> Operations.metadataUpdate(Map.of(Manifest.SOURCES, "true")));
        }
    }

    private void requireOurColumns() {
        String unwritable = manifest.unwritable();
        if (unwritable != null) {
            throw new ForeignTableException("no row can be added to the table: " + unwritable);
        }
    }

    /** Writes a new fragment with the columns that the table has now, because Lance refuses others. */
    private List<FragmentMetadata> write(List<PictureRow> rows, Dataset table, StagedVersion staged) {
        try (VectorSchemaRoot data = Columns.toArrow(rows, table.getSchema(), vectorColumns(), datasets.allocator())) {
            return write(data, staged);
        }
    }

    private List<FragmentMetadata> write(VectorSchemaRoot data, StagedVersion staged) {
        return Fragment.write()
                .datasetUri(staged.folder().toString())
                .allocator(datasets.allocator())
                .data(data)
                .mode(WriteParams.WriteMode.APPEND)
                .execute();
    }

    /** The columns of vectors, the one first that is searched here. */
    private List<VectorColumn> vectorColumns() {
        VectorColumn served = manifest.served();
        List<VectorColumn> columns = new ArrayList<>(List.of(served));
        manifest.models()
                .ifPresent(models -> models.columns().stream()
                        .filter(column -> !column.equals(served))
                        .forEach(columns::add));
        return columns;
    }

    private interface OperationOn {
        Operation of(Dataset dataset);
    }

    private boolean commitAndPublish(StagedVersion staged, OperationOn operation) throws IOException {
        try (Dataset base = Datasets.of(staged, datasets.allocator())) {
            Operations.commit(base, operation.of(base));
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
    public void catchUp() throws IOException {
        replicaCatchesUp();
        if (replica.version() != manifest.version()) {
            manifest = readManifest();
        }
    }

    /** Takes over what other writers have committed since, by a listing, whatever was known a moment ago. */
    public void catchUpByListing() throws IOException {
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
            return Manifest.of(dataset, known);
        } catch (DamagedTableException e) {
            throw replica.files().damagedManifest(replica.manifests().name(), e);
        }
    }

    /** Commits the removal of rows. False if another writer was first. Makes no version if none of the rows exists. */
    public boolean delete(List<ImageId> ids) throws IOException {
        String filter = anyOf(ids);
        return delete(filter, scanner.find(filter)).isPresent();
    }

    /**
     * Commits the removal of rows whose pictures lie under names of their own. Empty if another writer was first. Makes no version if
     * there is no such row.
     *
     * @param rows what they say; one that says something else by now stays
     * @return the pictures whose rows are gone
     */
    public Optional<Set<ImageId>> deleteOfSources(Map<ImageId, RowNotes> rows) throws IOException {
        String filter = anyOf(rows.keySet());
        return rows.isEmpty() ? Optional.of(Set.of()) : delete(filter, scanner.findOfSources(filter, rows));
    }

    /**
     * Commits the removal of rows whose pictures lie where their ids say. Empty if another writer was first. Makes no version if there is
     * no such row.
     *
     * @return the pictures whose rows are gone
     */
    public Optional<Set<ImageId>> deleteStored(Collection<ImageId> ids) throws IOException {
        String filter = anyOf(ids);
        return ids.isEmpty() ? Optional.of(Set.of()) : delete(filter, scanner.findStored(filter));
    }

    /** @param rows those that match the filter and go */
    private Optional<Set<ImageId>> delete(String filter, RowScanner.Found rows) throws IOException {
        Set<ImageId> ids = rows.ids().values().stream().flatMap(List::stream).collect(Collectors.toSet());
        if (rows.offsets().isEmpty()) {
            return Optional.of(ids);
        }
        try (StagedVersion staged =
                replica.publisher().stageDeletions(rows.offsets().keySet())) {
            boolean won = commitAndPublish(staged, dataset -> {
                Rest rest = Rest.of(dataset, rows.offsets());
                return Delete.builder()
                        .updatedFragments(rest.fragments)
                        .deletedFragmentIds(rest.emptied)
                        .predicate(filter)
                        .build();
            });
            if (won) {
                fragmentIds.deleted(manifest, rows.ids());
            }
            return won ? Optional.of(ids) : Optional.empty();
        }
    }

    /**
     * What is left of fragments that lose rows.
     *
     * @param fragments that have rows left
     * @param emptied those that have none
     */
    private record Rest(List<FragmentMetadata> fragments, List<Long> emptied) {
        /** @param offsets positions of the rows that go, in each fragment */
        static Rest of(Dataset dataset, Map<Integer, List<Integer>> offsets) {
            Rest rest = new Rest(new ArrayList<>(), new ArrayList<>());
            offsets.forEach((fragment, deleted) -> {
                FragmentMetadata updated = dataset.getFragment(fragment).deleteRows(deleted);
                if (updated == null) {
                    rest.emptied.add((long) fragment);
                } else {
                    rest.fragments.add(updated);
                }
            });
            return rest;
        }
    }

    /**
     * Commits one version in which the row of this picture says something else: the old row goes, and a copy of it comes. Empty if another
     * writer was first. Makes no version if there is no row, or if it says this already.
     *
     * @param change makes what it is to say of what it says; what it throws is thrown
     */
    public Optional<RowChange> describe(ImageId id, UnaryOperator<RowNotes> change) throws IOException {
        requireOurColumns();
        RowScanner.Found rows = new RowScanner.Found();
        List<VectorSchemaRoot> copies = new ArrayList<>();
        boolean[] same = {true};
        List<RuntimeException> refused = new ArrayList<>();
        try {
            scanner.read(anyOf(List.of(id)), (batch, columns) -> {
                rows.add(batch);
                for (int i = 0; i < batch.getRowCount(); i++) {
                    RowNotes before = Columns.notes(batch, i);
                    RowNotes notes;
                    try {
                        notes = change.apply(before);
                    } catch (RuntimeException e) {
                        // Not from within the scan, which takes it for damage.
                        refused.add(e);
                        return;
                    }
                    same[0] &= notes.isSaidBy(before);
                    // Other software may have written the row twice. Then one is left.
                    if (copies.isEmpty()) {
                        copies.add(Columns.withNotes(batch, i, notes, columns, datasets.allocator()));
                    }
                }
            });
            if (!refused.isEmpty()) {
                throw refused.get(0);
            }
            if (copies.isEmpty()) {
                return Optional.of(RowChange.NO_ROW);
            }
            if (same[0]) {
                return Optional.of(RowChange.UNCHANGED);
            }
            return replace(List.of(id), rows, copies.get(0)) ? Optional.of(RowChange.CHANGED) : Optional.empty();
        } finally {
            copies.forEach(VectorSchemaRoot::close);
        }
    }

    private boolean replace(Collection<ImageId> ids, RowScanner.Found rows, VectorSchemaRoot copy) throws IOException {
        try (StagedVersion staged =
                replica.publisher().stageDeletions(rows.offsets().keySet())) {
            boolean won = commitAndPublish(staged, dataset -> {
                Rest rest = Rest.of(dataset, rows.offsets());
                // Without an update mode, Lance takes the new fragment for one that no index knows, which is so.
                return Update.builder()
                        .updatedFragments(rest.fragments)
                        .removedFragmentIds(rest.emptied)
                        .newFragments(write(copy, staged))
                        .build();
            });
            if (won) {
                fragmentIds.replaced(manifest, rows.ids(), ids);
            }
            return won;
        }
    }

    /**
     * Commits one version in which the rows of these pictures say that the pictures lie there: the old rows go, and copies of them come.
     * Rows of pictures that lie where their ids say stay. Empty if another writer was first. Makes no version if there is no such row.
     *
     * @param address how a path names a key
     * @return how many rows were changed
     */
    public Optional<Integer> move(Map<ImageId, SourceRows.Place> places, UnaryOperator<String> address)
            throws IOException {
        requireOurColumns();
        RowScanner.Found rows = new RowScanner.Found();
        try (MovedRows copies = new MovedRows(places, address, datasets.allocator())) {
            scanner.read(anyOf(places.keySet()), (batch, columns) -> {
                rows.add(batch, row -> copies.moves(batch, row));
                copies.add(batch, columns);
            });
            Optional<VectorSchemaRoot> made = copies.rows();
            if (made.isEmpty()) {
                return Optional.of(0);
            }
            return replace(copies.ids(), rows, made.get())
                    ? Optional.of(copies.ids().size())
                    : Optional.empty();
        }
    }

    private static String anyOf(Collection<ImageId> ids) {
        // An id is made of hex digits and a few letters, so there is nothing to quote.
        return Columns.ID + ids.stream().map(id -> "'" + id + "'").collect(Collectors.joining(", ", " IN (", ")"));
    }

    /** Whether {@link #stageAllFiles} would work if the table had so many bytes more. */
    public boolean canStageAllFiles(long moreBytes) throws IOException {
        return replica.files().isCopiedWith(moreBytes);
    }

    /**
     * Stages a version with all files of the newest one, for {@link FragmentRewriter} and {@link IndexBuilder}.
     *
     * @throws IOException if they are not here, as when the table is not copied
     */
    public StagedVersion stageAllFiles() throws IOException {
        if (!replica.files().isCopied()) {
            throw new IOException("the table has more bytes than glimpse.replica.disk allows to copy");
        }
        replica.files().fill();
        return replica.publisher().stageAllFiles();
    }

    /** What opens datasets, for {@link FragmentRewriter} and {@link IndexBuilder}. */
    public Datasets datasets() {
        return datasets;
    }

    /** Puts a merged fragment into the store, ahead of {@link #commitCompaction}. Any thread. */
    public void shipCompaction(StagedVersion built) throws IOException {
        replica.publisher().ship(built, name -> name.startsWith(TableLocation.DATA));
    }

    /** Puts new parts of the index into the store, ahead of {@link #commitIndex}. Any thread. */
    public void shipIndex(StagedVersion built, IndexBuilder.IndexChange change) throws IOException {
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
    public boolean commitCompaction(StagedVersion built, FragmentRewriter.Compacted compacted) throws IOException {
        try (StagedVersion staged =
                replica.publisher().stageSince(compacted.result().getReadVersion())) {
            staged.adopt(built, TableLocation.DATA);
            try (Dataset base = Datasets.of(staged, datasets.allocator())) {
                Compaction.commitCompaction(base, List.of(compacted.result()), FragmentRewriter.COMPACTION);
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
    public boolean commitIndex(StagedVersion built, IndexBuilder.IndexChange change) throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            for (Index part : change.added()) {
                staged.adopt(built, folder(part));
            }
            return commitAndPublish(staged, dataset -> Operations.replaceIndex(dataset, change));
        }
    }

    /**
     * Makes the table say that it has vectors of these models. Columns come that it lacks, with nulls in all rows; those go, with their
     * indexes, that it had for other models. An index of a column that is not the active one goes too. False if another writer was first.
     *
     * @param next made from what the newest version says
     */
    public boolean changeModels(UnaryOperator<TableModels> next) throws IOException {
        TableModels before = manifest.models().orElseThrow(() -> new ForeignTableException("the table has no model"));
        TableModels after = next.apply(before);
        if (after.equals(before)) {
            return true;
        }
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            try (Dataset base = Datasets.of(staged, datasets.allocator())) {
                for (VectorColumn column : before.columns()) {
                    if (!column.equals(after.active())
                            && base.getIndexes().stream()
                                    .anyMatch(index -> index.name().equals(Manifest.indexOf(column)))) {
                        base.dropIndex(Manifest.indexOf(column));
                    }
                }
                for (VectorColumn column : after.columns()) {
                    if (!TableSchema.has(base.getSchema(), column.name())) {
                        base.addColumns(List.of(TableSchema.vectors(
                                column.name(), column.model().dimension())));
                    }
                }
                Operations.commit(base, Operations.metadataUpdate(after.toMetadata()));
            }
            List<String> gone = before.columns().stream()
                    .filter(column -> !after.columns().contains(column))
                    .map(VectorColumn::name)
                    .toList();
            if (!gone.isEmpty()) {
                // After the metadata: a column that these do not name does no harm, should this be cut off here.
                try (Dataset described = Datasets.of(staged, datasets.allocator())) {
                    described.dropColumns(gone);
                }
            }
            return publish(staged);
        }
    }

    /** Takes over which models this server has. Belongs on the writing thread. */
    public void modelsChanged() {
        manifest = readManifest();
    }

    /**
     * The first fragment that has rows without a vector, and rows that are wanted among them. Empty if there is none. Any thread may call
     * this, with what is its own.
     */
    public Optional<LackingVectors.Lacking> nextLacking(LackingVectors lacking, Predicate<ImageId> wanted)
            throws IOException {
        List<LackingVectors.Lacking> found = new ArrayList<>();
        scanner.readNewest(dataset -> lacking.next(dataset, wanted).ifPresent(found::add));
        return found.stream().findFirst();
    }

    /** How many rows have no vector. Any thread may call this, with what is its own. */
    public long lackingRows(LackingVectors lacking) throws IOException {
        AtomicLong left = new AtomicLong();
        scanner.readNewest(dataset -> left.set(lacking.left(dataset)));
        return left.get();
    }

    /** Puts the file of a column into the store, ahead of {@link #commitFill}. Any thread. */
    public void shipFill(StagedVersion built) throws IOException {
        replica.publisher().ship(built, name -> name.startsWith(TableLocation.DATA));
    }

    /**
     * Gives a fragment the vectors that were written for it. False if another writer was first.
     *
     * @throws OutdatedException if the fragment is not as it was
     */
    public boolean commitFill(StagedVersion built, VectorFill.Filled filled) throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            staged.adopt(built, TableLocation.DATA);
            boolean won = commitAndPublish(staged, dataset -> VectorFill.operation(dataset, filled));
            if (won) {
                fragmentIds.refilled(manifest);
            }
            return won;
        }
    }

    /** Sets these entries of the table's metadata. False if another writer was first. */
    public boolean describe(Map<String, String> metadata) throws IOException {
        try (StagedVersion staged = replica.publisher().stageNewest()) {
            return commitAndPublish(staged, dataset -> Operations.metadataUpdate(metadata));
        }
    }

    public Replica replica() {
        return replica;
    }

    /**
     * What has become of the pictures that have rows, since the last call. Reads what others have written, or all ids if they have
     * taken any away. Of the writing thread.
     *
     * @param isKnown whether there was a row of this picture
     */
    public FragmentIds.Change followIds(Predicate<ImageId> isKnown) throws IOException {
        return fragmentIds.follow(manifest, isKnown, this::scanIds);
    }

    /** The pictures of all rows, read anew. Of the writing thread. */
    public FragmentIds.Change readAllIds() throws IOException {
        return fragmentIds.readAll(manifest, this::scanIds);
    }

    /** The pictures of all rows. Any thread. */
    public void allIds(Consumer<ImageId> ids) throws IOException {
        scanner.scanIds(manifest, null, (fragment, id) -> ids.accept(id));
    }

    /** What all rows say of their pictures. Any thread. */
    public void allNotes(BiConsumer<ImageId, RowNotes> rows) throws IOException {
        scanner.scanNotes(manifest, rows);
    }

    /** Where the pictures of all rows lie. The pictures have an id, a path, a size and a time, and nothing else. Any thread. */
    public void allPlaces(BiConsumer<ImageId, Picture> rows) throws IOException {
        scanner.scanPlaces(manifest, rows);
    }

    private void scanIds(@Nullable List<Integer> fragments, FragmentIds.Rows rows) throws IOException {
        scanner.scanIds(manifest, fragments, rows);
    }

    /** The newest manifest that is known. In memory, so any thread may ask at any time. */
    public Manifest manifest() {
        return manifest;
    }

    /** Tells which version is read. */
    public SnapshotManager snapshots() {
        return snapshots;
    }

    /** Searches the table. */
    public TableReader reader() {
        return reader;
    }

    /** Removes local files that no version needs any more that is read here. For the writing thread. */
    public void prune() throws IOException {
        replica.files().prune(snapshots.versions());
    }

    /** How much memory is used here. */
    public MemoryState memory() {
        return datasets.memory(
                snapshots.codeBytes(), snapshots.columnBytes(), snapshots.wordBytes(), snapshots.wordFileBytes());
    }

    /** Closes the table and its natives. Call this once, after the last write and the last read. */
    @Override
    public void close() {
        try (datasets) {
            snapshots.close();
        }
    }
}
