package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.TableState;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.dataset.WordHits;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordsUnavailableException;
import dev.glimpse.dataset.words.WordSearch;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.index.DistanceType;
import org.lance.ipc.Query;
import org.lance.ipc.ScanOptions;

/** Searches of the table, in memory or by Lance. Any number of threads may search. */
public final class TableReader {
    /** How many times as many rows Lance is asked for, each time that too few of them pass a filter. */
    private static final int MORE = 8;

    /** An index is not asked for more rows than this: then looking at all rows is quicker, and surer. */
    private static final int MOST_BY_INDEX = 10_000;

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
                now.oversampling().share(),
                measured(exact ? 1 : now.oversampling().recall()),
                now.index().nprobes(),
                now.index().ef(),
                now.index().refine(),
                measured(now.index().recall()));
    }

    private static @Nullable Double measured(double recall) {
        return Double.isNaN(recall) ? null : recall;
    }

    /**
     * The rows of the current version that a query asks for, nearest first.
     *
     * @param meters get what the steps take
     */
    public Nearest nearest(NearestQuery query, TableMeters meters) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            VectorColumn column = columnOf(snapshot, query.model());
            if (local == null || !column.model().fingerprint().equals(local.model())) {
                long start = System.nanoTime();
                Nearest found = nearestByLance(snapshot, query, parameters.index());
                meters.scans().record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
                return found;
            }
            return local.nearest(
                    local.size() < exactRows ? query.exactly() : query,
                    parameters.forNearest(query.k()),
                    snapshot.version(),
                    meters);
        });
    }

    /** The column of a model that the newest version may have, while the current one does not have it yet, or has it no more. */
    private static VectorColumn columnOf(Snapshot snapshot, @Nullable String model) {
        if (!snapshot.manifest().hasVectorsOf(model)) {
            throw new TableBusyException("the vectors of this model are just being added or dropped; ask again");
        }
        return snapshot.manifest().columnOf(model);
    }

    /**
     * The rows of the current version, and of these in memory, that have the words of a query, the best first.
     *
     * @param memory rows of different pictures
     * @param hidden ids of rows of the version that are not found
     * @throws WordsUnavailableException if the rows of the version are not in memory
     */
    public WordHits words(WordQuery query, List<PictureRow> memory, Set<String> hidden) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local == null) {
                throw new WordsUnavailableException("words cannot be searched, because this server does not have the"
                        + " table in memory: either it is still being read, or it does not fit");
            }
            WordQuery comparable =
                    query.model() == null || query.model().equals(local.model()) ? query : query.withoutVector();
            return new WordHits(
                    local.words(comparable, memory, hidden),
                    !WordSearch.takesAll(query.texts()),
                    new Nearest.Effort(
                            snapshot.version(), Nearest.Method.WORDS, local.size(), null, null, memory.size()));
        });
    }

    /** The first {@code k} pictures of the current version after this position, the newest first; of all pictures if it is null. */
    public List<Picture> newest(@Nullable ListPosition after, int k) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? newestByLance(snapshot, after, k) : local.newest(after, k);
        });
    }

    /**
     * Rows that were counted.
     *
     * @param apart what the rows say that pass the filter and were not to be counted
     */
    public record Counted(Facets.Counter counter, List<Picture> apart) {}

    /**
     * Counts the rows of the current version that pass a filter.
     *
     * @param apart ids of pictures whose rows are not counted; those that pass are in the result
     */
    public Counted count(RowFilter filter, Set<String> apart) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? countByLance(snapshot, filter, apart) : local.count(filter, apart);
        });
    }

    private static Counted countByLance(Snapshot snapshot, RowFilter filter, Set<String> apart) throws IOException {
        Counted counted = new Counted(new Facets.Counter(), new ArrayList<>());
        ScanOptions rows = new ScanOptions.Builder()
                .columns(snapshot.manifest().readable())
                .build();
        Datasets.scan(snapshot.dataset(), rows, batch -> {
            for (Picture picture : Columns.pictures(batch)) {
                if (!filter.matches(picture)) {
                    continue;
                }
                if (apart.contains(picture.id())) {
                    counted.apart.add(picture);
                } else {
                    counted.counter.add(picture);
                }
            }
        });
        return counted;
    }

    /** The picture with this id in the current version. */
    public Optional<Picture> find(ImageId id) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null ? findByLance(snapshot, id) : local.find(id);
        });
    }

    /**
     * The vector of this picture in the current version, if it has one.
     *
     * @param model fingerprint of the model that made the vector
     */
    public Optional<Embedding> vectorOf(ImageId id, String model) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null || !local.model().equals(model)
                    ? vectorByLance(snapshot, id, columnOf(snapshot, model).name())
                    : local.vectorOf(id);
        });
    }

    /** Vectors of at most {@code count} rows, spread evenly over the table. None if this model's vectors are not in memory. */
    public List<Embedding> sample(int count, String model) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            return local == null || !local.model().equals(model) ? List.of() : local.sample(count);
        });
    }

    /** The rows of this version that a query asks for, nearest first, found by Lance: by its index, or by a scan if there is none. */
    public Nearest nearestByLance(Snapshot snapshot, NearestQuery query, IndexTuning tuning) throws IOException {
        return nearestByLance(snapshot, query, tuning, ScanOptions.Builder::new);
    }

    /**
     * The rows that a query asks for and that had been uploaded by this time, nearest first, found by a scan of the current version.
     *
     * @throws VersionNotFoundException if the table does not say when its rows were uploaded
     */
    public Nearest nearestUploadedBy(NearestQuery query, Instant time) throws IOException {
        String filter = Columns.UPLOADED_AT + " <= " + Columns.time(ListPosition.inMicros(time));
        return snapshots.read(snapshot -> {
            if (!snapshot.manifest().hasOurTimes()) {
                throw new VersionNotFoundException(
                        "no version of that time is kept, and the table does not say when its pictures were uploaded");
            }
            columnOf(snapshot, query.model());
            return nearestByLance(
                    snapshot,
                    query.exactly(),
                    parameters.index(),
                    () -> new ScanOptions.Builder().prefilter(true).filter(filter));
        });
    }

    private Nearest nearestByLance(
            Snapshot snapshot, NearestQuery query, IndexTuning tuning, Supplier<ScanOptions.Builder> options)
            throws IOException {
        if (snapshot.manifest().rows() == 0) {
            return new Nearest(List.of(), effort(snapshot, query));
        }
        return query.takesAll()
                ? new Nearest(scanned(snapshot, query, query, tuning, options.get()).taken, effort(snapshot, query))
                : someNearestByLance(snapshot, query, tuning, options);
    }

    private Nearest.Effort effort(Snapshot snapshot, NearestQuery query) {
        Nearest.Method method = isByIndex(snapshot, query) ? Nearest.Method.INDEX : Nearest.Method.SCAN;
        return new Nearest.Effort(
                snapshot.version(), method, snapshot.manifest().rows(), null, null, 0);
    }

    private boolean isByIndex(Snapshot snapshot, NearestQuery query) {
        Manifest manifest = snapshot.manifest();
        return !query.exact()
                && manifest.isIndexed(manifest.columnOf(query.model()))
                && lanceThreads.areEnoughFor(manifest.segments().size());
    }

    /**
     * Asks for more and more rows until enough of them are such as the query takes, or there are no more. Lance could filter by itself, but
     * text of users would become part of its expressions.
     */
    private Nearest someNearestByLance(
            Snapshot snapshot, NearestQuery query, IndexTuning tuning, Supplier<ScanOptions.Builder> options)
            throws IOException {
        NearestQuery more = query;
        while (true) {
            more = more.withK((int) Math.min((long) more.k() * MORE, Integer.MAX_VALUE - 1L));
            if (more.k() > MOST_BY_INDEX) {
                more = more.exactly();
            }
            Scanned found = scanned(snapshot, query, more, tuning, options.get());
            boolean all = found.count < more.k();
            if (found.taken.size() == query.k() || (more.exact() && all)) {
                return new Nearest(found.taken, effort(snapshot, more));
            }
            if (all) {
                // The index has looked into so many partitions only.
                more = more.exactly();
            }
        }
    }

    /**
     * What Lance has found.
     *
     * @param taken the rows that the query takes, as many as it asks for at most
     * @param count of all rows
     */
    private record Scanned(List<Neighbor> taken, int count) {}

    /** @param more the query, for as many rows as Lance shall find: those that are not taken are never held together */
    private Scanned scanned(
            Snapshot snapshot, NearestQuery query, NearestQuery more, IndexTuning tuning, ScanOptions.Builder options)
            throws IOException {
        boolean byIndex = isByIndex(snapshot, more);
        Query.Builder nearest = new Query.Builder()
                .setColumn(snapshot.manifest().columnOf(more.model()).name())
                .setKey(more.vector().toArray())
                .setK(more.k())
                .setDistanceType(DistanceType.Cosine)
                .setUseIndex(byIndex);
        tuning.applyTo(nearest, more.k());
        List<String> columns = new ArrayList<>(snapshot.manifest().readable());
        columns.add(Columns.DISTANCE);
        ScanOptions scan = options.columns(columns).nearest(nearest.build()).build();
        return byIndex ? lanceThreads.oneAtATime(() -> scanned(snapshot, query, scan)) : scanned(snapshot, query, scan);
    }

    private static Scanned scanned(Snapshot snapshot, NearestQuery query, ScanOptions scan) throws IOException {
        List<Neighbor> taken = new ArrayList<>();
        int[] count = {0};
        Datasets.scan(snapshot.dataset(), scan, batch -> {
            List<Neighbor> found = Columns.neighbors(batch);
            count[0] += found.size();
            found.stream()
                    .filter(neighbor -> query.takesAll() || query.takes(neighbor))
                    .limit(query.k() - taken.size())
                    .forEach(taken::add);
        });
        return new Scanned(List.copyOf(taken), count[0]);
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

    private static Optional<Embedding> vectorByLance(Snapshot snapshot, ImageId id, String column) throws IOException {
        List<Embedding> found = new ArrayList<>();
        scanRowOf(snapshot, id, List.of(column), batch -> {
            float[] vector = batch.getRowCount() == 0 ? null : Columns.direction(batch, column, 0);
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
}
