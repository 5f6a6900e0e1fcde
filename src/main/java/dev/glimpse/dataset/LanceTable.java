package dev.glimpse.dataset;

import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.ReadOptions;
import org.lance.Session;
import org.lance.Transaction;
import org.lance.WriteParams;
import org.lance.index.DistanceType;
import org.lance.index.Index;
import org.lance.index.IndexOptions;
import org.lance.index.IndexParams;
import org.lance.index.IndexType;
import org.lance.index.vector.VectorIndexParams;
import org.lance.ipc.LanceScanner;
import org.lance.ipc.Query;
import org.lance.ipc.ScanOptions;
import org.lance.operation.Append;
import org.lance.operation.CreateIndex;
import org.lance.operation.Delete;
import org.lance.operation.Operation;
import org.lance.operation.UpdateConfig;
import org.lance.operation.UpdateMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Lance table: versions are made here and read here. One thread at a time may write; any number may read. Owns all
 * native handles.
 */
final class LanceTable implements AutoCloseable {
    static final String INDEX = "vec_idx";

    private static final Logger log = LoggerFactory.getLogger(LanceTable.class);

    /**
     * Partitions that a search looks into. On 100,000 clustered vectors in 316 partitions 10 found 97 % and 20 found 99
     * % of the true ten nearest, for the same time.
     */
    private static final int NPROBES = 20;

    /** Lance's own defaults are 6 GiB and 1 GiB, more than the machines we are made for. */
    private static final long INDEX_CACHE_BYTES = 256L << 20;

    private static final long METADATA_CACHE_BYTES = 64L << 20;

    /** Arrow memory on our side of the border: rows on their way in and hits on their way out. */
    private static final long ARROW_BYTES = 256L << 20;

    /** Files that are fetched before ids are read from them; with more, ids are read in the bucket. */
    private static final long SOON = 64L << 20;

    private final BufferAllocator allocator = new RootAllocator(ARROW_BYTES);
    private final Session session = Session.builder()
            .indexCacheSizeBytes(INDEX_CACHE_BYTES)
            .metadataCacheSizeBytes(METADATA_CACHE_BYTES)
            .build();
    private final int dimension;
    private final Replica replica;
    private final Optional<BucketAccess> bucket;
    private final long largestCopy;

    /** The newest version that is known. Its files need not be here. */
    private volatile Head head;

    /** What is read: the newest version or, while its files are on their way, one before. */
    private volatile Snapshot served;

    private volatile boolean closed;

    /** Fragments up to this one have been given out by {@link #newIds}. Of the writing thread alone. */
    private int knownFragment = -1;

    /** Makes the replica of a table whose natives are given. */
    interface ReplicaFactory {
        Replica make(BufferAllocator allocator);
    }

    /**
     * Opens the newest version, or creates an empty table with this stamp. If its files are not here yet, the bucket itself
     * is read until {@link #serve}.
     *
     * @param bucket where Lance finds the table if it is not to be read here
     * @param largestCopy bytes of the largest table that is copied here
     */
    LanceTable(ReplicaFactory replicas, Optional<BucketAccess> bucket, long largestCopy, ModelStamp model)
            throws IOException {
        this.dimension = model.dimension();
        this.bucket = bucket;
        this.largestCopy = largestCopy;
        try {
            this.replica = replicas.make(allocator);
            replica.open();
            if (replica.version() == 0) {
                create(model);
            }
            this.head = readHead();
            this.served =
                    isCopied() && replica.isComplete() ? openLocal(replica.version()) : openRemote(replica.version());
        } catch (IOException | RuntimeException e) {
            session.close();
            allocator.close();
            throw e;
        }
    }

    // ---- writing

    private void create(ModelStamp model) throws IOException {
        try (Scratch scratch = replica.emptyScratch()) {
            Map<String, String> metadata = model.toMetadata();
            Operation stamp = UpdateConfig.builder()
                    .tableMetadataUpdates(
                            UpdateMap.builder().updates(metadata).replace(false).build())
                    .build();
            try (Dataset empty = Dataset.write()
                    .allocator(allocator)
                    .schema(Columns.schema(model.dimension()))
                    .uri(scratch.folder().toString())
                    .mode(WriteParams.WriteMode.CREATE)
                    .enableStableRowIds(true)
                    .dataStorageVersion("2.1")
                    .execute()) {
                // Of the version without the stamp nobody may ever see a trace: a crash would leave a foreign table.
                List<String> unstamped = scratch.newFiles();
                commit(empty, stamp);
                scratch.forget(unstamped);
            }
            if (!replica.publish(scratch)) {
                replica.open();
            }
        }
    }

    /** False if another writer was first; then the newest version is its own, and what it holds is to be looked at. */
    boolean append(List<PictureRow> rows) throws IOException {
        try (Scratch scratch = replica.thinScratch()) {
            List<FragmentMetadata> fragments;
            try (VectorSchemaRoot data = Columns.toArrow(rows, dimension, allocator)) {
                fragments = Fragment.write()
                        .datasetUri(scratch.folder().toString())
                        .allocator(allocator)
                        .data(data)
                        .mode(WriteParams.WriteMode.APPEND)
                        .execute();
            }
            boolean won = commitAndPublish(
                    scratch, dataset -> Append.builder().fragments(fragments).build());
            if (won) {
                // Nobody has to read what was just written.
                knownFragment = head.newestFragment();
            }
            return won;
        }
    }

    private interface OperationOn {
        Operation of(Dataset dataset);
    }

    private boolean commitAndPublish(Scratch scratch, OperationOn operation) throws IOException {
        try (Dataset base = Dataset.open()
                .allocator(allocator)
                .uri(scratch.folder().toString())
                .build()) {
            commit(base, operation.of(base));
        }
        return publish(scratch);
    }

    private boolean publish(Scratch scratch) throws IOException {
        boolean published = replica.publish(scratch);
        if (!published) {
            replica.catchUp();
        }
        head = readHead();
        return published;
    }

    /** Takes over what other writers have committed since. */
    void catchUp() throws IOException {
        replica.catchUp();
        if (replica.version() != head.version()) {
            head = readHead();
        }
    }

    private Head readHead() {
        try (Dataset dataset = openFolder(replica.version())) {
            return Head.of(dataset);
        }
    }

    /** False if another writer was first. Rows that are not there are left out; without any, no version is made. */
    boolean delete(List<ImageId> ids) throws IOException {
        String filter = anyOf(ids);
        Map<Integer, List<Integer>> offsets = new TreeMap<>();
        ScanOptions.Builder rows = new ScanOptions.Builder()
                .columns(List.of(Columns.ID))
                .filter(filter)
                .withRowAddress(true);
        readNewest(dataset -> scan(dataset, rows.build(), batch -> {
            for (long address : Columns.addresses(batch)) {
                offsets.computeIfAbsent((int) (address >>> 32), fragment -> new ArrayList<>())
                        .add((int) address);
            }
        }));
        if (offsets.isEmpty()) {
            return true;
        }
        try (Scratch scratch = replica.deletionScratch(offsets.keySet())) {
            return commitAndPublish(scratch, dataset -> {
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

    /** All files of the newest version, for {@link #train}. */
    Scratch fullScratch() throws IOException {
        return replica.fullScratch();
    }

    /** Builds an IVF_FLAT index over the rows in the scratch. Touches nothing else, so any thread may do it. */
    Index train(Scratch scratch) {
        try (Dataset dataset = Dataset.open()
                .allocator(allocator)
                .uri(scratch.folder().toString())
                .build()) {
            long rows = dataset.countRows();
            int partitions = (int) Math.max(1, Math.min(rows, Math.round(Math.sqrt((double) rows))));
            return dataset.createIndex(IndexOptions.builder(
                            List.of(Columns.VECTOR),
                            IndexType.IVF_FLAT,
                            IndexParams.builder()
                                    .setVectorIndexParams(VectorIndexParams.ivfFlat(partitions, DistanceType.Cosine))
                                    .build())
                    .withIndexName(INDEX)
                    .replace(true)
                    .build());
        }
    }

    /**
     * Makes the index part of the newest version, which may have rows that it does not know. False if another writer was
     * first.
     */
    boolean commitIndex(Scratch built, Index index) throws IOException {
        try (Scratch scratch = replica.thinScratch()) {
            scratch.adopt(built, "_indices/" + index.uuid() + "/");
            return commitAndPublish(scratch, dataset -> replaceIndex(dataset, index));
        }
    }

    private static Operation replaceIndex(Dataset dataset, Index index) {
        List<Index> replaced = dataset.getIndexes().stream()
                .filter(old -> old.name().equals(index.name()))
                .toList();
        return CreateIndex.builder()
                .withNewIndices(List.of(index))
                .withRemovedIndices(replaced)
                .build();
    }

    /** The pictures of fragments that came since the last call, whoever wrote them: reads these fragments' ids. */
    void newIds(Consumer<ImageId> ids) throws IOException {
        List<Integer> fragments = head.fragments().stream()
                .map(Head.FragmentState::id)
                .filter(id -> id > knownFragment)
                .toList();
        if (fragments.isEmpty()) {
            return;
        }
        readNewest(dataset -> scanIds(dataset, new ScanOptions.Builder().fragmentIds(fragments), ids));
        knownFragment = head.newestFragment();
    }

    /** The pictures of all rows. */
    void allIds(Consumer<ImageId> ids) throws IOException {
        readNewest(dataset -> scanIds(dataset, new ScanOptions.Builder(), ids));
    }

    private interface Scan {
        void of(Dataset dataset) throws IOException;
    }

    /** Of the newest version, wherever it can be read. */
    private void readNewest(Scan scan) throws IOException {
        long version = replica.version();
        boolean ready = read(snapshot -> {
            if (snapshot.version() != version) {
                return false;
            }
            scan.of(snapshot.dataset());
            return true;
        });
        if (!ready) {
            try (Dataset dataset = isCopied() && replica.fillUpTo(SOON) ? openFolder(version) : openBucket(version)) {
                scan.of(dataset);
            }
        }
    }

    private static void scanIds(Dataset dataset, ScanOptions.Builder rows, Consumer<ImageId> ids) throws IOException {
        scan(dataset, rows.columns(List.of(Columns.ID)).build(), batch -> {
            for (int i = 0; i < batch.getRowCount(); i++) {
                // Rows of other software may be called anything; only pictures of ours can be uploaded again.
                Optional.ofNullable(Columns.text(batch, Columns.ID, i))
                        .flatMap(ImageId::parse)
                        .ifPresent(ids);
            }
        });
    }

    // ---- reading

    List<Neighbor> nearest(Embedding query, int k, boolean exact) throws IOException {
        return read(snapshot -> nearest(snapshot, query, k, exact));
    }

    private static List<Neighbor> nearest(Snapshot snapshot, Embedding query, int k, boolean exact) throws IOException {
        if (snapshot.head().rows() == 0) {
            return List.of();
        }
        Query nearest = new Query.Builder()
                .setColumn(Columns.VECTOR)
                .setKey(query.toArray())
                .setK(k)
                .setDistanceType(DistanceType.Cosine)
                .setNprobes(NPROBES)
                .setUseIndex(!exact)
                .build();
        ScanOptions scan = new ScanOptions.Builder()
                .columns(snapshot.head().readable())
                .nearest(nearest)
                .build();
        List<Neighbor> neighbors = new ArrayList<>();
        scan(snapshot.dataset(), scan, batch -> neighbors.addAll(Columns.neighbors(batch)));
        return neighbors;
    }

    /** Hands over each batch, which is valid during the call alone. */
    // The scanner's close() declares Exception, so the compiler fears an interrupt that it never throws.
    @SuppressWarnings("try")
    private static void scan(Dataset dataset, ScanOptions options, Consumer<VectorSchemaRoot> batches)
            throws IOException {
        try (LanceScanner scanner = dataset.newScan(options);
                ArrowReader reader = scanner.scanBatches()) {
            while (reader.loadNextBatch()) {
                batches.accept(reader.getVectorSchemaRoot());
            }
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("cannot end the scan", e);
        }
    }

    interface Reading<T> {
        T from(Snapshot snapshot) throws IOException;
    }

    /** Keeps the version open while it is read. */
    <T> T read(Reading<T> reading) throws IOException {
        Snapshot snapshot = served;
        while (!snapshot.acquire()) {
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            snapshot = served;
        }
        try {
            return reading.from(snapshot);
        } finally {
            snapshot.release();
        }
    }

    /** What the newest version says of itself; needs no native call, so it may be asked at any time. */
    Head head() {
        return head;
    }

    /** The version that is read; to be asked for what it says of itself alone. */
    Snapshot served() {
        return served;
    }

    /**
     * Makes the newest version the one that is read: fetches its files, or if it is not copied opens it in the bucket. To be
     * called by one thread at a time, which may take as long as the files do.
     */
    void serve() throws IOException {
        if (isCopied()) {
            long version = replica.fill();
            if (!served.isLocal() || served.version() != version) {
                swap(openLocal(version));
            }
        } else if (served.isLocal() || served.version() != replica.version()) {
            swap(openRemote(replica.version()));
        }
    }

    /** Reads the bucket until {@link #serve}, since the files here cannot be read. */
    void serveFromBucket() {
        if (served.isLocal() && bucket.isPresent()) {
            swap(openRemote(replica.version()));
        }
    }

    private void swap(Snapshot next) {
        Snapshot replaced = served;
        served = next;
        replaced.release();
    }

    /** Removes files that no version needs any more that is read here. Of the writing thread. */
    void prune() throws IOException {
        replica.prune(served.version());
    }

    private boolean isCopied() throws IOException {
        return replica.isInPlace() || replica.bytes() <= largestCopy;
    }

    private Snapshot openLocal(long version) {
        return new Snapshot(openFolder(version), true);
    }

    private Snapshot openRemote(long version) {
        return new Snapshot(openBucket(version), false);
    }

    private Dataset openFolder(long version) {
        return open(replica.folder().toString(), version, Map.of());
    }

    private Dataset openBucket(long version) {
        BucketAccess access = bucket.orElseThrow(() -> new IllegalStateException("files of the table are missing"));
        return open(access.uri(), version, access.options());
    }

    private Dataset open(String uri, long version, Map<String, String> storageOptions) {
        return Dataset.open()
                .allocator(allocator)
                .uri(uri)
                .readOptions(new ReadOptions.Builder()
                        .setSession(session)
                        .setVersion(version)
                        .setStorageOptions(storageOptions)
                        .build())
                .build();
    }

    /** To be called once, after the last write and the last read. */
    @Override
    public void close() {
        closed = true;
        served.release();
        session.close();
        allocator.close();
    }
}
