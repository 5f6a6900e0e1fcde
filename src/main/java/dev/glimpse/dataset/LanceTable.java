package dev.glimpse.dataset;

import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.ReadOptions;
import org.lance.Session;
import org.lance.Transaction;
import org.lance.WriteParams;
import org.lance.compaction.Compaction;
import org.lance.compaction.RewriteResult;
import org.lance.index.DistanceType;
import org.lance.index.Index;
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
     * For searches by Lance's index, in the bucket and where they are measured: the graphs of 100,000 rows take 180 MB. Lance's
     * own defaults are 6 GiB, and 1 GiB for metadata.
     */
    private static final long INDEX_CACHE_BYTES = 256L << 20;

    /** For what is read of a table here, where other searches do without Lance; and for metadata in both cases. */
    private static final long CACHE_BYTES = 32L << 20;

    /** Arrow memory on our side of the border: rows on their way in and hits on their way out. */
    private static final long ARROW_BYTES = 256L << 20;

    /** Files that are fetched before ids are read from them; with more, ids are read in the bucket. */
    private static final long SOON = 64L << 20;

    private final BufferAllocator allocator = new RootAllocator(ARROW_BYTES);
    private final LanceThreads lanceThreads = new LanceThreads();
    private final Session session = session(CACHE_BYTES);

    /** With room for an index, as long as the bucket is searched. */
    private volatile @Nullable Session bucketSession;

    private final int dimension;
    private final Replica replica;
    private final Optional<BucketAccess> bucket;
    private final int exactRows;
    private final ServedRows rows;
    private volatile SearchPlan plan = SearchPlan.UNMEASURED;

    /** The newest version that is known. Its files need not be here. */
    private volatile Head head;

    /** What is read: the newest version or, while its files are on their way, one before. */
    private volatile Snapshot served;

    /** What was read before, and is perhaps by somebody who has not ended. */
    private final Set<Snapshot> replaced = ConcurrentHashMap.newKeySet();

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
     * @param exactRows searches of fewer rows are exact
     * @param work local folder for what need not outlive the process
     */
    LanceTable(ReplicaFactory replicas, Optional<BucketAccess> bucket, int exactRows, Path work, ModelStamp model)
            throws IOException {
        this.dimension = model.dimension();
        this.exactRows = exactRows;
        this.rows = new ServedRows(work, dimension);
        this.bucket = bucket;
        try {
            this.replica = replicas.make(allocator);
            replica.open();
            if (replica.version() == 0) {
                create(model);
            }
            this.head = readHead();
            this.plan = SearchPlan.UNMEASURED.with(IndexTuning.of(head.metadata()));
            this.served = replica.isCopied() && replica.isComplete()
                    ? openLocal(replica.version())
                    : openRemote(replica.version());
        } catch (IOException | RuntimeException e) {
            rows.close();
            forgetBucket();
            session.close();
            allocator.close();
            throw e;
        }
    }

    // ---- writing

    private void create(ModelStamp model) throws IOException {
        try (Scratch scratch = replica.emptyScratch()) {
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
                commit(empty, metadataUpdate(model.toMetadata()));
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
        try (Dataset base = openScratch(scratch)) {
            commit(base, operation.of(base));
        }
        return publish(scratch);
    }

    private Dataset openScratch(Scratch scratch) {
        return Dataset.open()
                .allocator(allocator)
                .uri(scratch.folder().toString())
                .build();
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

    /**
     * All files of the newest version, for the {@link Workshop}.
     *
     * @throws IOException if they are not here, as when the table is not copied
     */
    Scratch fullScratch() throws IOException {
        if (!replica.isCopied()) {
            throw new IOException("the table has more bytes than glimpse.replica.disk allows to copy");
        }
        replica.fill();
        return replica.fullScratch();
    }

    BufferAllocator allocator() {
        return allocator;
    }

    /**
     * Puts a merged fragment in the place of those that it was made from. False if another writer was first.
     *
     * @throws OutdatedException if these are not as they were
     */
    boolean commitMerge(Scratch built, RewriteResult merged) throws IOException {
        try (Scratch scratch = replica.scratchSince(merged.getReadVersion())) {
            scratch.adopt(built, Replica.DATA);
            try (Dataset base = openScratch(scratch)) {
                Compaction.commitCompaction(base, List.of(merged), Workshop.COMPACTION);
            } catch (RuntimeException e) {
                // Lance has no kinds of failures, only texts.
                if (String.valueOf(e.getMessage()).contains("conflict")) {
                    throw new OutdatedException("the fragments have changed: " + e.getMessage());
                }
                throw e;
            }
            boolean won = publish(scratch);
            if (won) {
                // Nothing in it is new.
                knownFragment = head.newestFragment();
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
    boolean commitIndex(Scratch built, Workshop.IndexChange change) throws IOException {
        try (Scratch scratch = replica.thinScratch()) {
            for (Index part : change.added()) {
                scratch.adopt(built, Replica.INDICES + part.uuid() + "/");
            }
            return commitAndPublish(scratch, dataset -> replaceIndex(dataset, change));
        }
    }

    private static Operation replaceIndex(Dataset dataset, Workshop.IndexChange change) {
        List<Index> replaced = Workshop.parts(dataset).stream()
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
        try (Scratch scratch = replica.thinScratch()) {
            return commitAndPublish(scratch, dataset -> metadataUpdate(metadata));
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
            try (Dataset dataset =
                    replica.isCopied() && replica.fillUpTo(SOON) ? openFolder(version) : openBucket(version, session)) {
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

    /** How approximate searches look, from now on. */
    synchronized void search(UnaryOperator<SearchPlan> change) {
        plan = change.apply(plan);
    }

    SearchPlan plan() {
        return plan;
    }

    /** What {@code /stats} says of searches. */
    TableState.SearchState searchState() {
        Snapshot snapshot = served;
        SearchPlan now = plan;
        LocalRows local = snapshot.rows();
        boolean exact = local == null ? snapshot.indices().isEmpty() : local.size() < exactRows;
        return new TableState.SearchState(
                exact ? "exact" : local == null ? "index" : "codes",
                now.candidates().count(),
                measured(exact ? 1 : now.candidates().recall()),
                now.index().nprobes(),
                now.index().ef(),
                now.index().refine(),
                measured(now.index().recall()));
    }

    private static @Nullable Double measured(double recall) {
        return Double.isNaN(recall) ? null : recall;
    }

    List<Neighbor> nearest(Embedding query, int k, boolean exact) throws IOException {
        return read(snapshot -> nearest(snapshot, query, k, exact));
    }

    List<Neighbor> nearest(Snapshot snapshot, Embedding query, int k, boolean exact) throws IOException {
        LocalRows local = snapshot.rows();
        if (local == null) {
            return nearestByLance(snapshot, query, k, exact, plan.index());
        }
        return exact || local.size() < exactRows
                ? local.nearestExact(query, k)
                : local.nearest(query, k, plan.candidates(k));
    }

    /** Without an index, or if it is to be exact, by a scan. */
    List<Neighbor> nearestByLance(Snapshot snapshot, Embedding query, int k, boolean exact, IndexTuning tuning)
            throws IOException {
        return nearestByLance(snapshot, query, k, exact, tuning, new ScanOptions.Builder());
    }

    /** Of the rows that are there and had been uploaded by then, by a scan. */
    List<Neighbor> nearestUploadedBy(Embedding query, int k, Instant time) throws IOException {
        String filter = Columns.UPLOADED_AT + " <= arrow_cast('" + time.truncatedTo(ChronoUnit.MICROS)
                + "', 'Timestamp(Microsecond, Some(\"UTC\"))')";
        return read(snapshot -> nearestByLance(
                snapshot,
                query,
                k,
                true,
                plan.index(),
                new ScanOptions.Builder().prefilter(true).filter(filter)));
    }

    private List<Neighbor> nearestByLance(
            Snapshot snapshot, Embedding query, int k, boolean exact, IndexTuning tuning, ScanOptions.Builder options)
            throws IOException {
        if (snapshot.head().rows() == 0) {
            return List.of();
        }
        int parts = snapshot.head().segments().size();
        boolean byIndex = !exact && parts > 0 && lanceThreads.areEnoughFor(parts);
        Query.Builder nearest = new Query.Builder()
                .setColumn(Columns.VECTOR)
                .setKey(query.toArray())
                .setK(k)
                .setDistanceType(DistanceType.Cosine)
                .setUseIndex(byIndex);
        tuning.applyTo(nearest, k);
        ScanOptions scan = options.columns(snapshot.head().readable())
                .nearest(nearest.build())
                .build();
        return byIndex ? lanceThreads.oneAtATime(() -> neighbors(snapshot, scan)) : neighbors(snapshot, scan);
    }

    private static List<Neighbor> neighbors(Snapshot snapshot, ScanOptions scan) throws IOException {
        List<Neighbor> neighbors = new ArrayList<>();
        scan(snapshot.dataset(), scan, batch -> neighbors.addAll(Columns.neighbors(batch)));
        return neighbors;
    }

    /** Hands over each batch, which is valid during the call alone. */
    // The scanner's close() declares Exception, so the compiler fears an interrupt that it never throws.
    @SuppressWarnings("try")
    static void scan(Dataset dataset, ScanOptions options, Consumer<VectorSchemaRoot> batches) throws IOException {
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
        if (replica.isCopied()) {
            long version = replica.fill();
            if (!served.isLocal() || served.version() != version) {
                Snapshot next = openLocal(version);
                try {
                    // The first time it takes long, and Lance can search it meanwhile.
                    if (!rows.isEmpty()) {
                        next.rows(rows.of(next.dataset(), next.head()));
                    }
                } catch (IOException | RuntimeException e) {
                    next.release();
                    throw e;
                }
                swap(next);
            }
            if (served.rows() == null) {
                served.rows(rows.of(served.dataset(), served.head()));
            }
            forgetBucket();
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
        Snapshot before = served;
        replaced.add(before);
        served = next;
        before.release();
    }

    /** Removes files that no version needs any more that is read here. Of the writing thread. */
    void prune() throws IOException {
        replaced.removeIf(Snapshot::isClosed);
        Set<Long> read = new HashSet<>(Set.of(served.version()));
        replaced.forEach(snapshot -> read.add(snapshot.version()));
        replica.prune(read);
    }

    /** Opens a version that need not be here. The caller releases it. */
    Snapshot openVersion(long version) {
        return bucket.isPresent() ? new Snapshot(openBucket(version, session), false) : openLocal(version);
    }

    /** Reads what is served, which must be here, with caches for its index that go again afterwards. */
    <T> T readIndex(Reading<T> reading) throws IOException {
        // Its files stay as long as it is read.
        return read(current -> {
            try (Session caches = session(INDEX_CACHE_BYTES)) {
                Snapshot snapshot =
                        new Snapshot(open(replica.folder().toString(), current.version(), Map.of(), caches), true);
                try {
                    return reading.from(snapshot);
                } finally {
                    snapshot.release();
                }
            }
        });
    }

    private static Session session(long indexBytes) {
        return Session.builder()
                .indexCacheSizeBytes(indexBytes)
                .metadataCacheSizeBytes(CACHE_BYTES)
                .build();
    }

    private synchronized Session bucketSession() {
        Session caches = bucketSession;
        if (caches == null) {
            caches = session(INDEX_CACHE_BYTES);
            bucketSession = caches;
        }
        return caches;
    }

    private synchronized void forgetBucket() {
        Session caches = bucketSession;
        if (caches != null) {
            bucketSession = null;
            caches.close();
        }
    }

    /** What is used of the memory that is ours to bound. */
    synchronized MemoryState memory() {
        Session caches = bucketSession;
        return new MemoryState(
                allocator.getAllocatedMemory(),
                ARROW_BYTES,
                session.sizeBytes() + (caches == null ? 0 : caches.sizeBytes()),
                2 * CACHE_BYTES + (caches == null ? 0 : INDEX_CACHE_BYTES + CACHE_BYTES),
                rows.bytes());
    }

    private Snapshot openLocal(long version) {
        return new Snapshot(openFolder(version), true);
    }

    private Snapshot openRemote(long version) {
        return new Snapshot(openBucket(version, bucketSession()), false);
    }

    private Dataset openFolder(long version) {
        return open(replica.folder().toString(), version, Map.of(), session);
    }

    private Dataset openBucket(long version, Session caches) {
        BucketAccess access = bucket.orElseThrow(() -> new IllegalStateException("files of the table are missing"));
        return open(access.uri(), version, access.options(), caches);
    }

    private Dataset open(String uri, long version, Map<String, String> storageOptions, Session caches) {
        return Dataset.open()
                .allocator(allocator)
                .uri(uri)
                .readOptions(new ReadOptions.Builder()
                        .setSession(caches)
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
        rows.close();
        forgetBucket();
        session.close();
        allocator.close();
    }
}
