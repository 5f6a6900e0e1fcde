package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.TableState;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;
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

    /** The rows of the current version that a query asks for, nearest first. */
    public List<Neighbor> nearest(NearestQuery query) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local == null) {
                return nearestByLance(snapshot, query, parameters.index());
            }
            return query.exact() || local.size() < exactRows
                    ? local.nearestExact(query.vector(), query.k())
                    : local.nearest(query.vector(), query.k(), parameters.candidates(query.k()));
        });
    }

    /** The first {@code k} pictures of the current version after this position, the newest first; of all pictures if it is null. */
    public List<Picture> newest(@Nullable ListPosition after, int k) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? newestByLance(snapshot, after, k) : local.newest(after, k);
        });
    }

    /** The picture with this id in the current version. */
    public Optional<Picture> find(ImageId id) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? findByLance(snapshot, id) : local.find(id);
        });
    }

    /** The vector of this picture in the current version, if it has one. */
    public Optional<Embedding> vectorOf(ImageId id) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? vectorByLance(snapshot, id) : local.vectorOf(id);
        });
    }

    /** The rows of this version that a query asks for, nearest first, found by Lance: by its index, or by a scan if there is none. */
    public List<Neighbor> nearestByLance(Snapshot snapshot, NearestQuery query, IndexTuning tuning) throws IOException {
        return nearestByLance(snapshot, query, tuning, new ScanOptions.Builder());
    }

    /** The rows that a query asks for and that had been uploaded by this time, nearest first, found by a scan of the current version. */
    public List<Neighbor> nearestUploadedBy(NearestQuery query, Instant time) throws IOException {
        String filter = Columns.UPLOADED_AT + " <= " + Columns.time(ListPosition.inMicros(time));
        return snapshots.read(snapshot -> nearestByLance(
                snapshot,
                new NearestQuery(query.vector(), query.k(), true),
                parameters.index(),
                new ScanOptions.Builder().prefilter(true).filter(filter)));
    }

    private List<Neighbor> nearestByLance(
            Snapshot snapshot, NearestQuery query, IndexTuning tuning, ScanOptions.Builder options) throws IOException {
        if (snapshot.manifest().rows() == 0) {
            return List.of();
        }
        int parts = snapshot.manifest().segments().size();
        boolean byIndex = !query.exact() && parts > 0 && lanceThreads.areEnoughFor(parts);
        Query.Builder nearest = new Query.Builder()
                .setColumn(Columns.VECTOR)
                .setKey(query.vector().toArray())
                .setK(query.k())
                .setDistanceType(DistanceType.Cosine)
                .setUseIndex(byIndex);
        tuning.applyTo(nearest, query.k());
        List<String> columns = new ArrayList<>(snapshot.manifest().readable());
        columns.add(Columns.DISTANCE);
        ScanOptions scan = options.columns(columns).nearest(nearest.build()).build();
        return byIndex ? lanceThreads.oneAtATime(() -> neighbors(snapshot, scan)) : neighbors(snapshot, scan);
    }

    private static List<Picture> newestByLance(Snapshot snapshot, @Nullable ListPosition after, int k)
            throws IOException {
        NavigableMap<ListPosition, Picture> found = new TreeMap<>();
        ScanOptions.Builder rows =
                new ScanOptions.Builder().columns(snapshot.manifest().readable());
        timesOfNewest(snapshot, after, k).ifPresent(rows::filter);
        Datasets.scan(snapshot.dataset(), rows.build(), batch -> {
            for (Picture picture : Columns.pictures(batch)) {
                ListPosition position = ListPosition.of(picture);
                if (after == null || position.compareTo(after) > 0) {
                    found.put(position, picture);
                }
                if (found.size() > k) {
                    found.pollLastEntry();
                }
            }
        });
        return List.copyOf(found.values());
    }

    /**
     * A filter that keeps the first {@code k} rows after this position, and others of the same times. To find it Lance reads the column of
     * times alone. Empty if any row may be among the first.
     */
    private static Optional<String> timesOfNewest(Snapshot snapshot, @Nullable ListPosition after, int k)
            throws IOException {
        if (!snapshot.manifest().hasOurTimes()) {
            return Optional.empty();
        }
        String time = Columns.UPLOADED_AT;
        if (after != null && after.micros() == ListPosition.UNKNOWN) {
            return Optional.of(time + " IS NULL");
        }
        ScanOptions older = new ScanOptions.Builder()
                .columns(List.of(time))
                .filter(after == null ? time + " IS NOT NULL" : time + " < " + Columns.time(after.micros()))
                .setColumnOrderings(List.of(Columns.NEWEST_FIRST))
                .limit(k)
                .build();
        List<Long> times = new ArrayList<>();
        Datasets.scan(snapshot.dataset(), older, batch -> times.addAll(Columns.times(batch)));
        if (times.size() < k) {
            return after == null
                    ? Optional.empty()
                    : Optional.of(time + " <= " + Columns.time(after.micros()) + " OR " + time + " IS NULL");
        }
        String notOlder = time + " >= " + Columns.time(times.get(k - 1));
        return Optional.of(
                after == null ? notOlder : notOlder + " AND " + time + " <= " + Columns.time(after.micros()));
    }

    private static Optional<Picture> findByLance(Snapshot snapshot, ImageId id) throws IOException {
        List<Picture> found = new ArrayList<>();
        scanRowOf(snapshot, id, snapshot.manifest().readable(), batch -> found.addAll(Columns.pictures(batch)));
        return found.stream().findFirst();
    }

    private static Optional<Embedding> vectorByLance(Snapshot snapshot, ImageId id) throws IOException {
        List<Embedding> found = new ArrayList<>();
        scanRowOf(snapshot, id, List.of(Columns.VECTOR), batch -> {
            float[] vector = batch.getRowCount() == 0 ? null : Columns.direction(batch, 0);
            if (vector != null) {
                found.add(Embedding.ofDirection(vector));
            }
        });
        return found.stream().findFirst();
    }

    /** The id is one of ours, so nothing in it has a meaning for Lance. */
    private static void scanRowOf(
            Snapshot snapshot, ImageId id, List<String> columns, Consumer<VectorSchemaRoot> batches)
            throws IOException {
        if (snapshot.manifest().readable().contains(Columns.ID)) {
            ScanOptions row = new ScanOptions.Builder()
                    .columns(columns)
                    .filter(Columns.ID + " = '" + id + "'")
                    .limit(1)
                    .build();
            Datasets.scan(snapshot.dataset(), row, batches);
        }
    }

    private static List<Neighbor> neighbors(Snapshot snapshot, ScanOptions scan) throws IOException {
        List<Neighbor> neighbors = new ArrayList<>();
        Datasets.scan(snapshot.dataset(), scan, batch -> neighbors.addAll(Columns.neighbors(batch)));
        return neighbors;
    }
}
