package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableState;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lance.index.DistanceType;
import org.lance.ipc.Query;
import org.lance.ipc.ScanOptions;

/** Searches of the table, in memory or by Lance. Any number of threads may search. */
public final class TableReader {
    private final SnapshotManager snapshots;
    private final LanceThreads lanceThreads = new LanceThreads();
    private final int exactRows;
    private volatile SearchParameters parameters;

    /** @param exactRows searches of a table with fewer rows are exact */
    TableReader(SnapshotManager snapshots, int exactRows) {
        this.snapshots = snapshots;
        this.exactRows = exactRows;
        this.parameters = SearchParameters.UNMEASURED.with(
                IndexTuning.of(snapshots.current().manifest().metadata()));
    }

    /** Changes how approximate searches look, from now on. */
    synchronized void change(UnaryOperator<SearchParameters> change) {
        parameters = change.apply(parameters);
    }

    /** What {@code /stats} says of searches. */
    public TableState.SearchState searchState() {
        Snapshot snapshot = snapshots.current();
        SearchParameters now = parameters;
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

    /** At most {@code k} rows of the current version, nearest first. */
    public List<Neighbor> nearest(Embedding query, int k, boolean exact) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local == null) {
                return nearestByLance(snapshot, query, k, exact, parameters.index());
            }
            return exact || local.size() < exactRows
                    ? local.nearestExact(query, k)
                    : local.nearest(query, k, parameters.candidates(k));
        });
    }

    /** At most {@code k} rows of this version, nearest first, found by Lance: by its index, or by a scan if there is none or {@code exact}. */
    public List<Neighbor> nearestByLance(Snapshot snapshot, Embedding query, int k, boolean exact, IndexTuning tuning)
            throws IOException {
        return nearestByLance(snapshot, query, k, exact, tuning, new ScanOptions.Builder());
    }

    /** At most {@code k} rows that had been uploaded by this time, nearest first, found by a scan of the current version. */
    public List<Neighbor> nearestUploadedBy(Embedding query, int k, Instant time) throws IOException {
        String filter = Columns.UPLOADED_AT + " <= arrow_cast('" + time.truncatedTo(ChronoUnit.MICROS)
                + "', 'Timestamp(Microsecond, Some(\"UTC\"))')";
        return snapshots.read(snapshot -> nearestByLance(
                snapshot,
                query,
                k,
                true,
                parameters.index(),
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
}
