package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Oversampling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Recall calibration: finds the cheapest search parameters that reach the wanted recall, measured against exact search. Queries are rows
 * of the table and texts that were searched for lately. One thread at a time may call {@link #calibrateOversampling}, and one {@link
 * #calibrateIndex}.
 */
public final class RecallCalibration {
    private static final int SAMPLE = 100;

    /** Queries for the thousand nearest, of which each tells as much as a hundred for ten. */
    private static final int FEW = 20;

    /** In smaller tables the thousand nearest are found exactly, or nearly so. */
    private static final int ROWS_FOR_MANY = 20_000;

    /** Share of the allowed misses that is held in reserve, because a sample of this size tells the recall only to about 0.01. */
    private static final double RESERVE = 0.25;

    /** Searches in memory are calibrated again when the table has grown by this factor. */
    private static final int GROWTH = 2;

    /** Another way to make codes, or to search them, is another name: what was measured of this one says nothing about it. */
    private static final String CODES = "codes-4";

    private final SnapshotManager snapshots;
    private final TableReader reader;
    private final MaintenanceProperties settings;
    private final Function<String, List<Embedding>> recent;
    private final KeptOversampling kept;
    private long measuredRows;
    private String measuredModel = "";
    private boolean measuredPartitioned;

    /** @param kept file for what was measured of searches in memory */
    public RecallCalibration(
            SnapshotManager snapshots,
            TableReader reader,
            MaintenanceProperties settings,
            Function<String, List<Embedding>> recent,
            Path kept) {
        this.snapshots = snapshots;
        this.reader = reader;
        this.settings = settings;
        this.recent = recent;
        this.kept = new KeptOversampling(kept);
    }

    /** Searches in memory as an earlier process has found best for this table. To be called once, before the first calibration. */
    public void takeWhatWasKept() throws IOException {
        snapshots.read(snapshot -> {
            Optional<KeptOversampling.Measured> measured = measuredOf(snapshot).flatMap(kept::of);
            measured.ifPresent(earlier -> {
                measuredRows = earlier.rows();
                measuredModel = snapshot.manifest().served().model().fingerprint();
                measuredPartitioned = earlier.partitioned();
                reader.change(parameters -> parameters.with(Objects.requireNonNull(earlier.ofTen()), earlier.ofMany()));
            });
            return measured.isPresent();
        });
    }

    /** Names what is measured. Empty for a table without an id. */
    private Optional<String> measuredOf(Snapshot snapshot) {
        return TableStamp.of(snapshot.manifest().metadata())
                .map(table -> String.join(
                        " ",
                        CODES,
                        table.id(),
                        snapshot.manifest().served().model().fingerprint(),
                        Double.toString(settings.recall())));
    }

    /**
     * Calibrates searches in memory, if the table has grown enough since the last time, or its rows are in partitions since. While partitions
     * are being built it waits for them.
     */
    public void calibrateOversampling() throws IOException {
        snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local == null
                    || local.size() < settings.indexRows()
                    || local.vectors().isSettling()) {
                return false;
            }
            boolean partitioned = local.vectors().isPartitioned();
            if (!local.model().equals(measuredModel)) {
                measuredRows = 0;
                measuredModel = local.model();
            }
            if (local.size() < (long) GROWTH * measuredRows && (measuredPartitioned || !partitioned)) {
                return false;
            }
            List<Embedding> queries = queries(snapshot);
            Oversampling ofTen = local.calibrate(queries, SearchParameters.MEASURED_NEIGHBORS, wanted());
            Oversampling ofMany = local.size() < ROWS_FOR_MANY
                    ? null
                    : local.calibrate(
                            queries.subList(0, Math.min(FEW, queries.size())),
                            SearchParameters.MANY_NEIGHBORS,
                            wanted());
            measuredOf(snapshot)
                    .ifPresent(of ->
                            kept.keep(new KeptOversampling.Measured(of, local.size(), partitioned, ofTen, ofMany)));
            reader.change(parameters -> parameters.with(ofTen, ofMany));
            measuredRows = local.size();
            measuredPartitioned = partitioned;
            return true;
        });
    }

    /** Calibrates searches of Lance's index: tries parameters from the cheapest on, and keeps the last if none reaches the recall. */
    public IndexTuning calibrateIndex(IndexKind kind) throws IOException {
        return snapshots.readIndex(snapshot -> {
            if (!snapshot.manifest().isIndexed(snapshot.manifest().served())) {
                return IndexTuning.UNMEASURED; // This server lacks the model that the index is of.
            }
            List<Embedding> queries = queries(snapshot);
            List<Set<String>> truth = truth(queries);
            IndexTuning tuning = IndexTuning.UNMEASURED;
            for (IndexTuning tried : ladder(
                    kind, IndexParameters.partitions(kind, snapshot.manifest().rows()))) {
                tuning = tried.with(recall(snapshot, queries, truth, tried));
                if (tuning.recall() >= wanted()) {
                    break;
                }
            }
            IndexTuning found = tuning;
            reader.change(parameters -> parameters.with(found));
            return tuning;
        });
    }

    /** The ids of the true neighbors of each query, without those that are the query itself. */
    private List<Set<String>> truth(List<Embedding> queries) throws IOException {
        return snapshots.read(snapshot -> {
            LocalRows local = snapshot.rows();
            if (local != null
                    && local.model().equals(snapshot.manifest().served().model().fingerprint())) {
                return local.truth(queries, SearchParameters.MEASURED_NEIGHBORS);
            }
            List<Set<String>> truth = new ArrayList<>();
            for (Embedding query : queries) {
                truth.add(reader
                        .nearest(
                                new NearestQuery(query, SearchParameters.MEASURED_NEIGHBORS + 1, true),
                                TableMeters.UNBOUND)
                        .neighbors()
                        .stream()
                        .filter(neighbor -> neighbor.distance() > Oversampling.SELF)
                        .limit(SearchParameters.MEASURED_NEIGHBORS)
                        .map(Neighbor::id)
                        .collect(Collectors.toSet()));
            }
            return truth;
        });
    }

    private double recall(Snapshot snapshot, List<Embedding> queries, List<Set<String>> truth, IndexTuning tried)
            throws IOException {
        long found = 0;
        long expected = 0;
        for (int i = 0; i < queries.size(); i++) {
            NearestQuery query = new NearestQuery(queries.get(i), SearchParameters.MEASURED_NEIGHBORS + 1, false);
            found += reader.nearestByLance(snapshot, query, tried).neighbors().stream()
                    .map(Neighbor::id)
                    .filter(truth.get(i)::contains)
                    .count();
            expected += truth.get(i).size();
        }
        return expected == 0 ? 1 : found / (double) expected;
    }

    private double wanted() {
        return 1 - (1 - settings.recall()) * (1 - RESERVE);
    }

    private static List<IndexTuning> ladder(IndexKind kind, int partitions) {
        return switch (kind) {
            case IVF_FLAT ->
                IntStream.iterate(5, n -> n < 2 * partitions, n -> 2 * n)
                        .mapToObj(n -> new IndexTuning(Math.min(n, partitions), 0, 0, Double.NaN))
                        .toList();
            case IVF_SQ ->
                IntStream.iterate(5, n -> n < 2 * partitions, n -> 2 * n)
                        .mapToObj(n -> new IndexTuning(Math.min(n, partitions), 0, 5, Double.NaN))
                        .toList();
            case IVF_HNSW_SQ ->
                IntStream.of(50, 100, 200, 400)
                        .boxed()
                        .flatMap(ef -> IntStream.of(0, 5)
                                .mapToObj(refine -> new IndexTuning(partitions, ef, refine, Double.NaN)))
                        .toList();
        };
    }

    private List<Embedding> queries(Snapshot snapshot) throws IOException {
        VectorColumn column = snapshot.manifest().served();
        LinkedHashSet<Embedding> queries =
                new LinkedHashSet<>(recent.apply(column.model().fingerprint()));
        try (ArrowReader sample = snapshot.dataset().sample(SAMPLE, List.of(column.name()))) {
            while (sample.loadNextBatch()) {
                var batch = sample.getVectorSchemaRoot();
                for (int i = 0; i < batch.getRowCount(); i++) {
                    float[] vector = Columns.direction(batch, column.name(), i);
                    if (vector != null) {
                        queries.add(Embedding.ofDirection(vector));
                    }
                }
            }
        }
        return List.copyOf(queries);
    }
}
