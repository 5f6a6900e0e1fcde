package dev.glimpse.dataset;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.ManifestSummary;

/**
 * What the manifest of a version says, without a look into its files.
 *
 * @param bytes of its data files
 * @param columns name to type, in the table's order
 * @param readable columns that a hit needs, as far as the table has them
 * @param metadata of the table
 * @param stableRowIds whether a row keeps its id for life
 * @param segments of the vector index, the oldest first
 */
record Head(
        long version,
        long rows,
        long bytes,
        List<FragmentState> fragments,
        Map<String, String> columns,
        List<String> readable,
        Map<String, String> metadata,
        boolean stableRowIds,
        List<Segment> segments) {

    /**
     * A part of the index; rows of fragments that none has are scanned.
     *
     * @param fragments some of them may be gone
     */
    record Segment(UUID uuid, Set<Integer> fragments) {}

    /**
     * @param rows that live
     * @param deletedRows whose values are still in the file
     */
    record FragmentState(int id, long rows, long deletedRows) {}

    static Head of(Dataset dataset) {
        ManifestSummary summary = dataset.getVersion().getManifestSummary();
        return new Head(
                dataset.version(),
                summary.getTotalRows(),
                summary.getTotalFilesSize(),
                dataset.getFragments().stream()
                        .map(fragment -> state(fragment.metadata()))
                        .toList(),
                Columns.describe(dataset.getSchema()),
                Columns.readable(dataset.getSchema()),
                Map.copyOf(dataset.getTableMetadata()),
                dataset.hasStableRowIds(),
                dataset.getIndexes().stream()
                        .filter(index -> index.name().equals(LanceTable.INDEX))
                        .map(index -> new Segment(
                                index.uuid(), Set.copyOf(index.fragments().orElse(List.of()))))
                        .toList());
    }

    private static FragmentState state(FragmentMetadata fragment) {
        return new FragmentState(fragment.getId(), fragment.getNumRows(), fragment.getNumDeletions());
    }

    /** The part of the index that has the rows of this fragment. */
    Optional<Segment> segmentOf(FragmentState fragment) {
        return segments.stream()
                .filter(segment -> segment.fragments.contains(fragment.id))
                .findFirst();
    }

    /** Fragments that no part of the index has. */
    List<FragmentState> unindexed() {
        return fragments.stream()
                .filter(fragment -> segmentOf(fragment).isEmpty())
                .toList();
    }

    static long rows(List<FragmentState> fragments) {
        return fragments.stream().mapToLong(FragmentState::rows).sum();
    }

    int newestFragment() {
        return fragments.stream().mapToInt(FragmentState::id).max().orElse(-1);
    }
}
