package dev.glimpse.dataset;

import java.util.List;
import java.util.Map;
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
 */
record Head(
        long version,
        long rows,
        long bytes,
        List<FragmentState> fragments,
        Map<String, String> columns,
        List<String> readable,
        Map<String, String> metadata,
        boolean stableRowIds) {

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
                dataset.hasStableRowIds());
    }

    private static FragmentState state(FragmentMetadata fragment) {
        return new FragmentState(fragment.getId(), fragment.getNumRows(), fragment.getNumDeletions());
    }

    int newestFragment() {
        return fragments.stream().mapToInt(FragmentState::id).max().orElse(-1);
    }
}
