package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.lance.LanceThreads;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.upkeep.MaintenanceTask.Collection;
import dev.glimpse.dataset.upkeep.MaintenanceTask.Compaction;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexBuild;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexOptimization;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Decides what is due for the table, from its manifest and its debt. No I/O, no clock, no state; any thread. */
public final class MaintenancePlanner {
    /** Parts of the index that may exist; index optimization makes one more before it merges them. See {@link LanceThreads}. */
    public static final int MANY_PARTS = LanceThreads.NEEDED - 2;

    /** Versions that garbage collection keeps, at most. A listing answers with 1,000 keys. */
    public static final int MOST_VERSIONS = 900;

    private static final int VERSIONS_BETWEEN_COLLECTIONS = 100;

    /** The index is built anew when the table has grown by this factor, because the old one has too few partitions then. */
    private static final int GROWTH = 4;

    /**
     * From so many rows on, the index has no graphs. Of 100,000 rows they take twice as long to build as lists, which are searched as fast.
     * Of 200,000 they were not built after 40 minutes of two processors, and lists took 32 s of one.
     */
    static final int ROWS_WITHOUT_GRAPHS = 100_000;

    /** Key in the table's metadata: kind of the index, and how many rows it was built of. */
    private static final String TRAINED = "glimpse.index.trained";

    private final int indexRows;

    /** @param indexRows number of rows from which on the table gets an index */
    public MaintenancePlanner(int indexRows) {
        this.indexRows = indexRows;
    }

    /**
     * What is known of garbage.
     *
     * @param versions committed since the last garbage collection
     * @param isOverdue whether there are old versions, and the last garbage collection was long ago
     */
    record Garbage(long versions, boolean isOverdue) {}

    /**
     * The most urgent task; empty if nothing is due. Because the most urgent goes first, no kind of work is left undone under load.
     *
     * @param indexing while the index is built or optimized, the newest fragment that this work reads; empty if there is no such work
     * @param rowsAwaited whether most rows are just being read, or none was yet. The index waits for that: both together take more memory than a
     *     server has that can do one after the other, and without rows in memory each search that measures the index reads the whole table
     */
    Optional<MaintenanceTask> mostUrgent(
            Manifest manifest, Garbage garbage, OptionalInt indexing, boolean rowsAwaited) {
        if (!manifest.stableRowIds()) {
            return Optional.empty();
        }
        List<MaintenanceTask> due = new ArrayList<>();
        // Compaction must not replace fragments that the index work reads.
        MergePolicy.next(manifest, indexing.orElse(-1))
                .ifPresent(merge -> due.add(new Compaction(merge.fragments(), merge.urgency())));
        if (indexing.isEmpty() && !rowsAwaited) {
            indexWork(manifest).ifPresent(due::add);
        }
        double versions = garbage.versions() / (double) VERSIONS_BETWEEN_COLLECTIONS;
        if (versions >= MergePolicy.DUE || garbage.isOverdue()) {
            due.add(new Collection(Math.max(MergePolicy.DUE, versions)));
        }
        // The sort is stable, so the first of several equally urgent tasks wins.
        return due.stream()
                .sorted(Comparator.comparingDouble(MaintenanceTask::urgency).reversed())
                .findFirst();
    }

    private Optional<MaintenanceTask> indexWork(Manifest manifest) {
        Optional<IndexKind> kind = indexToBuild(manifest);
        if (kind.isPresent()) {
            return Optional.of(new IndexBuild(kind.get()));
        }
        int parts = manifest.segments().size();
        double unindexed = Manifest.rows(manifest.unindexed()) / (double) MergePolicy.MANY_UNINDEXED;
        if (parts > 0 && unindexed >= MergePolicy.DUE) {
            return Optional.of(new IndexOptimization(0, unindexed));
        }
        return parts > MANY_PARTS ? Optional.of(new IndexOptimization(parts - 1, MergePolicy.DUE)) : Optional.empty();
    }

    /** Which index is to be built; empty if none is. A table that has grown gets an index of the kind that it has, as long as that can be built. */
    private Optional<IndexKind> indexToBuild(Manifest manifest) {
        if (manifest.segments().isEmpty()) {
            return manifest.rows() >= indexRows
                    ? Optional.of(worthwhile(IndexKind.IVF_HNSW_SQ, manifest.rows()))
                    : Optional.empty();
        }
        String[] trained = manifest.metadata().getOrDefault(TRAINED, "").split(" ", -1);
        if (trained.length != 2 || manifest.rows() < indexRows) {
            return Optional.empty();
        }
        return manifest.rows() >= GROWTH * Math.max(1, Long.parseLong(trained[1]))
                ? Optional.of(worthwhile(IndexKind.valueOf(trained[0]), manifest.rows()))
                : Optional.empty();
    }

    private static IndexKind worthwhile(IndexKind kind, long rows) {
        return rows < ROWS_WITHOUT_GRAPHS || kind != IndexKind.IVF_HNSW_SQ ? kind : IndexKind.IVF_SQ;
    }

    /** The entry of the table's metadata that tells later planning what the index was built of. */
    static Map<String, String> trained(IndexKind kind, long rows) {
        return Map.of(TRAINED, kind.name() + " " + rows);
    }
}
