package dev.glimpse.dataset;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The models that a table has vectors of, as its metadata says: all servers of the bucket read it there, and one commit changes it. Immutable.
 *
 * @param active the model that searches use, on every server that has it
 * @param other the model that the table moves to, or has moved away from; null if there is one model alone
 */
public record TableModels(VectorColumn active, @Nullable VectorColumn other) {
    private static final String COLUMN = "glimpse.model.column";
    private static final String OTHER = "glimpse.other-model.";
    private static final String OTHER_NAME = OTHER + "name";
    private static final String OTHER_FINGERPRINT = OTHER + "fingerprint";
    private static final String OTHER_DIMENSION = OTHER + "dimension";
    private static final String OTHER_COLUMN = OTHER + "column";

    /** Empty for a table that other software made. */
    public static Optional<TableModels> of(Map<String, String> metadata) {
        return ModelStamp.of(metadata)
                .map(active -> new TableModels(
                        new VectorColumn(metadata.getOrDefault(COLUMN, VectorColumn.FIRST), active), other(metadata)));
    }

    private static @Nullable VectorColumn other(Map<String, String> metadata) {
        String column = metadata.get(OTHER_COLUMN);
        return column == null
                ? null
                : new VectorColumn(
                        column,
                        new ModelStamp(
                                metadata.getOrDefault(OTHER_NAME, ""),
                                metadata.getOrDefault(OTHER_FINGERPRINT, ""),
                                Integer.parseInt(metadata.getOrDefault(OTHER_DIMENSION, "0"))));
    }

    /** The entries of the table's metadata that say this. Those with null are to be removed. */
    public Map<String, @Nullable String> toMetadata() {
        Map<String, @Nullable String> metadata = new HashMap<>(active.model().toMetadata());
        metadata.put(COLUMN, active.name());
        metadata.put(OTHER_NAME, other == null ? null : other.model().name());
        metadata.put(OTHER_FINGERPRINT, other == null ? null : other.model().fingerprint());
        metadata.put(
                OTHER_DIMENSION,
                other == null ? null : Integer.toString(other.model().dimension()));
        metadata.put(OTHER_COLUMN, other == null ? null : other.name());
        return metadata;
    }

    /** The active column, and the other one if there is one. */
    public List<VectorColumn> columns() {
        return Stream.of(Optional.of(active), Optional.ofNullable(other))
                .flatMap(Optional::stream)
                .toList();
    }

    /** The column with the vectors of a model. */
    public Optional<VectorColumn> columnOf(String fingerprint) {
        return columns().stream()
                .filter(column -> column.model().fingerprint().equals(fingerprint))
                .findFirst();
    }

    /** The column that a server searches: the active one, or the other one if it has that one's model alone. Empty if it has neither. */
    public Optional<VectorColumn> servedBy(Predicate<String> knows) {
        return columns().stream()
                .filter(column -> knows.test(column.model().fingerprint()))
                .findFirst();
    }

    /** With another model beside the active one. */
    public TableModels with(@Nullable VectorColumn beside) {
        return new TableModels(active, beside);
    }

    /** With the other model as the active one, and the active one as the other. */
    public TableModels switched() {
        VectorColumn next = other;
        if (next == null) {
            throw new IllegalStateException("there is one model alone");
        }
        VectorColumn left = active;
        return new TableModels(next, left);
    }
}
