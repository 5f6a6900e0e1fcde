package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lance.index.DistanceType;
import org.lance.ipc.Query;
import org.lance.ipc.ScanOptions;

/**
 * The version of the table that is read, and searches of it. Any number of threads may read; one at a time calls {@link #serve} and
 * {@link #serveFromBucket}.
 */
final class TableReader implements AutoCloseable {
    private final Replica replica;
    private final Datasets datasets;
    private final LanceThreads lanceThreads = new LanceThreads();
    private final int exactRows;
    private final int dimension;
    private final ServedRows rows;
    private volatile SearchParameters plan;

    /** The newest version or, while its files are on their way, one before. */
    private volatile Snapshot served;

    /** What was read before, and is perhaps by somebody who has not ended. */
    private final Set<Snapshot> replaced = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /**
     * Reads the newest version, in the bucket if its files are not here.
     *
     * @param exactRows searches of fewer rows are exact
     * @param folder for what need not outlive the process
     */
    TableReader(Replica replica, Datasets datasets, int exactRows, Path folder, int dimension) throws IOException {
        this.replica = replica;
        this.datasets = datasets;
        this.exactRows = exactRows;
        this.dimension = dimension;
        this.rows = new ServedRows(folder, dimension);
        try {
            this.served = replica.files().isCopied() && replica.files().isComplete()
                    ? openLocal(replica.version())
                    : openRemote(replica.version());
            this.plan = SearchParameters.UNMEASURED.with(
                    IndexTuning.of(served.manifest().metadata()));
        } catch (IOException | RuntimeException e) {
            rows.close();
            throw e;
        }
    }

    // ---- what is read

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

    /** Reads what is served, which must be here, with caches for its index that go again afterwards. */
    <T> T readIndex(Reading<T> reading) throws IOException {
        // Its files stay as long as it is read.
        return read(current -> datasets.indexInFolder(
                replica.folder(), current.version(), dataset -> reading.from(new Snapshot(dataset, true, dimension))));
    }

    /** The version that is read; to be asked for what it says of itself alone. */
    Snapshot served() {
        return served;
    }

    /** Opens a version that need not be here. The caller releases it. */
    Snapshot openVersion(long version) {
        return datasets.haveBucket() ? new Snapshot(datasets.inBucket(version), false, dimension) : openLocal(version);
    }

    /**
     * Makes the newest version the one that is read: fetches its files, or if it is not copied opens it in the bucket. May take
     * as long as the files do.
     */
    void serve() throws IOException {
        if (replica.files().isCopied()) {
            long version = replica.files().fill();
            if (!served.isLocal() || served.version() != version) {
                Snapshot next = openLocal(version);
                try {
                    // The first time it takes long, and Lance can search it meanwhile.
                    if (!rows.isEmpty()) {
                        next.rows(rows.of(next.dataset(), next.manifest()));
                    }
                } catch (IOException | RuntimeException e) {
                    next.release();
                    throw e;
                }
                swap(next);
            }
            if (served.rows() == null) {
                served.rows(rows.of(served.dataset(), served.manifest()));
            }
            datasets.forgetBucket();
        } else if (served.isLocal() || served.version() != replica.version()) {
            swap(openRemote(replica.version()));
        }
    }

    /** Reads the bucket until {@link #serve}, since the files here cannot be read. */
    void serveFromBucket() {
        if (served.isLocal() && datasets.haveBucket()) {
            swap(openRemote(replica.version()));
        }
    }

    private void swap(Snapshot next) {
        Snapshot before = served;
        replaced.add(before);
        served = next;
        before.release();
    }

    private Snapshot openLocal(long version) {
        return new Snapshot(datasets.inFolder(replica.folder(), version), true, dimension);
    }

    private Snapshot openRemote(long version) {
        return new Snapshot(datasets.searchedInBucket(version), false, dimension);
    }

    /** All versions that somebody reads here. */
    Set<Long> versions() {
        replaced.removeIf(Snapshot::isClosed);
        Set<Long> versions = new HashSet<>(Set.of(served.version()));
        replaced.forEach(snapshot -> versions.add(snapshot.version()));
        return versions;
    }

    /** Codes in memory, in bytes. */
    long codes() {
        return rows.bytes();
    }

    // ---- searches

    /** How approximate searches look, from now on. */
    synchronized void search(UnaryOperator<SearchParameters> change) {
        plan = change.apply(plan);
    }

    /** What {@code /stats} says of searches. */
    TableState.SearchState searchState() {
        Snapshot snapshot = served;
        SearchParameters now = plan;
        LocalRows local = snapshot.rows();
        boolean exact = local == null ? snapshot.indices().isEmpty() : local.size() < exactRows;
        return new TableState.SearchState(
                exact ? "exact" : local == null ? "index" : "codes",
                now.oversampling().candidates(),
                measured(exact ? 1 : now.oversampling().recall()),
                now.index().nprobes(),
                now.index().ef(),
                now.index().refine(),
                measured(now.index().recall()));
    }

    private static @Nullable Double measured(double recall) {
        return Double.isNaN(recall) ? null : recall;
    }

    List<Neighbor> nearest(Embedding query, int k, boolean exact) throws IOException {
        return read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local == null) {
                return nearestByLance(snapshot, query, k, exact, plan.index());
            }
            return exact || local.size() < exactRows
                    ? local.nearestExact(query, k)
                    : local.nearest(query, k, plan.candidates(k));
        });
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
        if (snapshot.manifest().rows() == 0) {
            return List.of();
        }
        int parts = snapshot.manifest().segments().size();
        boolean byIndex = !exact && parts > 0 && lanceThreads.areEnoughFor(parts);
        Query.Builder nearest = new Query.Builder()
                .setColumn(Columns.VECTOR)
                .setKey(query.toArray())
                .setK(k)
                .setDistanceType(DistanceType.Cosine)
                .setUseIndex(byIndex);
        tuning.applyTo(nearest, k);
        ScanOptions scan = options.columns(snapshot.manifest().readable())
                .nearest(nearest.build())
                .build();
        return byIndex ? lanceThreads.oneAtATime(() -> neighbors(snapshot, scan)) : neighbors(snapshot, scan);
    }

    private static List<Neighbor> neighbors(Snapshot snapshot, ScanOptions scan) throws IOException {
        List<Neighbor> neighbors = new ArrayList<>();
        Datasets.scan(snapshot.dataset(), scan, batch -> neighbors.addAll(Columns.neighbors(batch)));
        return neighbors;
    }

    /** To be called once, after the last read. */
    @Override
    public void close() {
        closed = true;
        served.release();
        rows.close();
    }
}
