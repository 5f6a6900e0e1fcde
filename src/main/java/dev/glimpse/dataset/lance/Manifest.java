package dev.glimpse.dataset.lance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.ManifestSummary;
import org.lance.fragment.DataFile;

/**
 * What the manifest of a version says. Immutable, and in memory: no other file of the version is read.
 *
 * @param bytes of its data files
 * @param columns name to type, in the table's order
 * @param readable columns that a picture is shown from, as far as the table has them
 * @param metadata of the table
 * @param unsearchable why no search can read such a table; null if searches can
 * @param unwritable why no row of ours fits into its columns; null if rows do
 * @param lacksColumns whether an earlier version of Glimpse made it, with fewer columns
 * @param stableRowIds whether a row keeps its id for life
 * @param segments of the vector index, the oldest first
 */
public record Manifest(
        long version,
        long rows,
        long bytes,
        List<FragmentState> fragments,
        Map<String, String> columns,
        List<String> readable,
        Map<String, String> metadata,
        @Nullable String unsearchable,
        @Nullable String unwritable,
        boolean lacksColumns,
        boolean stableRowIds,
        List<Segment> segments) {
    /** Name of the vector index in the table. */
    static final String INDEX = "vec_idx";

    /**
     * A part of the index. Lance scans the rows of fragments that no part has.
     *
     * @param fragments some of them may be gone
     */
    public record Segment(UUID uuid, Set<Integer> fragments) {}

    /**
     * A fragment of the table.
     *
     * @param rows that are not deleted
     * @param deletedRows whose values are still in the file
     * @param files with the columns; others when columns were added or rewritten
     */
    public record FragmentState(int id, long rows, long deletedRows, List<String> files) {}

    /** @param dimension of the embeddings of this server's model */
    static Manifest of(Dataset dataset, int dimension) {
        Schema schema = dataset.getSchema();
        ManifestSummary summary = dataset.getVersion().getManifestSummary();
        return new Manifest(
                dataset.version(),
                summary.getTotalRows(),
                summary.getTotalFilesSize(),
                dataset.getFragments().stream()
                        .map(fragment -> state(fragment.metadata()))
                        .toList(),
                TableSchema.describe(schema),
                TableSchema.readable(schema),
                Map.copyOf(dataset.getTableMetadata()),
                TableSchema.whyNotSearched(schema, dimension).orElse(null),
                TableSchema.whyNotWritten(schema, dimension).orElse(null),
                !TableSchema.missing(schema).isEmpty(),
                dataset.hasStableRowIds(),
                dataset.getIndexes().stream()
                        .filter(index -> index.name().equals(INDEX))
                        .map(index -> new Segment(
                                index.uuid(), Set.copyOf(index.fragments().orElse(List.of()))))
                        .toList());
    }

    private static FragmentState state(FragmentMetadata fragment) {
        return new FragmentState(
                fragment.getId(),
                fragment.getNumRows(),
                fragment.getNumDeletions(),
                fragment.getFiles().stream().map(DataFile::getPath).toList());
    }

    /** The part of the index that has the rows of this fragment. */
    public Optional<Segment> segmentOf(FragmentState fragment) {
        return segments.stream()
                .filter(segment -> segment.fragments.contains(fragment.id))
                .findFirst();
    }

    /** Whether its vectors are of float32, as they are searched in memory. */
    boolean hasOurVectors() {
        return unsearchable == null
                && String.valueOf(columns.get(Columns.VECTOR)).startsWith("fixed_size_list<item: float>");
    }

    /** Whether its column of times is as Glimpse makes it. */
    boolean hasOurTimes() {
        return Columns.TIMES.equals(columns.get(Columns.UPLOADED_AT));
    }

    /** Columns that searches need for more than to show a picture, as far as the table has them. */
    List<String> searched() {
        List<String> wanted = new ArrayList<>(List.of(Columns.VECTOR, Columns.PIXELS_HASH, Columns.LOOK_HASH));
        wanted.retainAll(columns.keySet());
        return wanted;
    }

    /** Fragments that no part of the index has. */
    public List<FragmentState> unindexed() {
        return fragments.stream()
                .filter(fragment -> segmentOf(fragment).isEmpty())
                .toList();
    }

    public static long rows(List<FragmentState> fragments) {
        return fragments.stream().mapToLong(FragmentState::rows).sum();
    }

    public int newestFragment() {
        return fragments.stream().mapToInt(FragmentState::id).max().orElse(-1);
    }
}
