package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.VectorColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.ManifestSummary;
import org.lance.fragment.DataFile;
import org.lance.fragment.DeletionFile;
import org.lance.schema.LanceField;

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
 * @param served the column of vectors that this server searches
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
        List<Segment> segments,
        VectorColumn served) {
    /** An entry of the metadata of tables that may have rows of pictures that lie under names of their own. */
    static final String SOURCES = "glimpse.sources";

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
     * @param deletions number of the file that says which rows are deleted, another one each time that changes; -1 if there is none
     * @param files with the columns; others when columns were added or rewritten. Files that have nothing but vectors which are not searched here are left out
     */
    public record FragmentState(int id, long rows, long deletedRows, long deletions, List<String> files) {}

    /** @param known the models that this server has */
    static Manifest of(Dataset dataset, KnownModels known) {
        Schema schema = dataset.getSchema();
        Map<String, String> metadata = Map.copyOf(dataset.getTableMetadata());
        TableModels models = TableModels.of(metadata).orElse(null);
        VectorColumn configured = new VectorColumn(VectorColumn.FIRST, known.configured());
        VectorColumn served =
                models == null ? configured : models.servedBy(known::knows).orElse(configured);
        List<VectorColumn> written = models == null ? List.of(configured) : models.columns();
        Set<Integer> unread = models == null || models.other() == null ? Set.of() : fields(dataset, models, served);
        String index = indexOf(models == null ? configured : models.active());
        ManifestSummary summary = dataset.getVersion().getManifestSummary();
        return new Manifest(
                dataset.version(),
                summary.getTotalRows(),
                summary.getTotalFilesSize(),
                dataset.getFragments().stream()
                        .map(fragment -> state(fragment.metadata(), unread))
                        .toList(),
                TableSchema.describe(schema),
                TableSchema.readable(schema),
                metadata,
                TableSchema.whyNotSearched(schema, served).orElse(null),
                TableSchema.whyNotWritten(schema, written).orElse(null),
                !TableSchema.missing(schema).isEmpty(),
                dataset.hasStableRowIds(),
                dataset.getIndexes().stream()
                        .filter(part -> part.name().equals(index))
                        .map(part -> new Segment(
                                part.uuid(), Set.copyOf(part.fragments().orElse(List.of()))))
                        .toList(),
                served);
    }

    /** Numbers of the columns of vectors that are not searched here. */
    private static Set<Integer> fields(Dataset dataset, TableModels models, VectorColumn served) {
        Set<String> names = models.columns().stream()
                .filter(column -> !column.equals(served))
                .map(VectorColumn::name)
                .collect(Collectors.toSet());
        return dataset.getLanceSchema().fields().stream()
                .filter(field -> names.contains(field.getName()))
                .map(LanceField::getId)
                .collect(Collectors.toSet());
    }

    /** The name of the index of a column of vectors. */
    static String indexOf(VectorColumn column) {
        return column.name().equals(VectorColumn.FIRST) ? "vec_idx" : column.name() + "_idx";
    }

    /** The column that the index is of: the active one, on every server. */
    static VectorColumn indexed(Dataset dataset) {
        return TableModels.of(dataset.getTableMetadata())
                .map(TableModels::active)
                // An index is built of columns that other software has made, too. Then the model does not matter.
                .orElseGet(() -> new VectorColumn(VectorColumn.FIRST, new ModelStamp("", "", 0)));
    }

    /** Whether there may be rows of pictures that lie under names of their own. */
    public boolean hasSources() {
        return metadata.containsKey(SOURCES);
    }

    /** The models that the table has vectors of. Empty for a table that other software made. */
    public Optional<TableModels> models() {
        return TableModels.of(metadata);
    }

    /**
     * The column with the vectors of a model.
     *
     * @param model fingerprint; null for the one that is served
     * @throws ForeignTableException if there is no such column
     */
    VectorColumn columnOf(@Nullable String model) {
        return model == null || served.model().fingerprint().equals(model)
                ? served
                : models().flatMap(models -> models.columnOf(model))
                        .orElseThrow(() -> new ForeignTableException(
                                "version " + version + " of the table has no vectors of the model " + model));
    }

    /**
     * Whether there is a column with vectors of a model.
     *
     * @param model fingerprint; null for the one that is served
     */
    public boolean hasVectorsOf(@Nullable String model) {
        return model == null
                || served.model().fingerprint().equals(model)
                || models().flatMap(models -> models.columnOf(model)).isPresent();
    }

    /** Whether the index is of this column. */
    boolean isIndexed(VectorColumn column) {
        return !segments.isEmpty()
                && models().map(models -> models.active().equals(column)).orElse(true);
    }

    /** @param unread numbers of columns that are not read here */
    private static FragmentState state(FragmentMetadata fragment, Set<Integer> unread) {
        DeletionFile deletions = fragment.getDeletionFile();
        return new FragmentState(
                fragment.getId(),
                fragment.getNumRows(),
                fragment.getNumDeletions(),
                deletions == null ? -1 : deletions.getId(),
                fragment.getFiles().stream()
                        .filter(file -> unread.isEmpty()
                                || !IntStream.of(file.getFields()).allMatch(unread::contains))
                        .map(DataFile::getPath)
                        .toList());
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
                && String.valueOf(columns.get(served.name())).startsWith("fixed_size_list<item: float>");
    }

    /** Whether its column of times is as Glimpse makes it. */
    boolean hasOurTimes() {
        return Columns.TIMES.equals(columns.get(Columns.UPLOADED_AT));
    }

    /** Columns that searches need for more than to show a picture, as far as the table has them. */
    List<String> searched() {
        List<String> wanted = new ArrayList<>(List.of(served.name(), Columns.PIXELS_HASH, Columns.LOOK_HASH));
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
