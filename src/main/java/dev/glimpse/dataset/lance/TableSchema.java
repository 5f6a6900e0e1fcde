package dev.glimpse.dataset.lance;

import static dev.glimpse.dataset.lance.Columns.BYTES;
import static dev.glimpse.dataset.lance.Columns.CAPTION;
import static dev.glimpse.dataset.lance.Columns.CONTENT_TYPE;
import static dev.glimpse.dataset.lance.Columns.FILENAME;
import static dev.glimpse.dataset.lance.Columns.HEIGHT;
import static dev.glimpse.dataset.lance.Columns.ID;
import static dev.glimpse.dataset.lance.Columns.LOOK_HASH;
import static dev.glimpse.dataset.lance.Columns.PATH;
import static dev.glimpse.dataset.lance.Columns.PIXELS_HASH;
import static dev.glimpse.dataset.lance.Columns.TAGS;
import static dev.glimpse.dataset.lance.Columns.TAKEN_AT;
import static dev.glimpse.dataset.lance.Columns.UPLOADED_AT;
import static dev.glimpse.dataset.lance.Columns.VECTOR;
import static dev.glimpse.dataset.lance.Columns.WIDTH;

import dev.glimpse.dataset.VectorColumn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** The types of our {@link Columns}, and what other tables may have in their place. Stateless. */
public final class TableSchema {
    private static final ArrowType TEXT = ArrowType.Utf8.INSTANCE;
    private static final ArrowType NUMBER = new ArrowType.Int(64, true);
    private static final ArrowType TIME = new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC");

    /** Columns that tables of earlier versions lack. */
    private static final Set<String> LATER = Set.of(TAKEN_AT, PIXELS_HASH, LOOK_HASH);

    /** Those of our columns that have a value in every row. */
    private static final Set<String> NEVER_NULL =
            Set.of(ID, PATH, VECTOR, CONTENT_TYPE, BYTES, WIDTH, HEIGHT, UPLOADED_AT, TAGS);

    private TableSchema() {}

    /** The schema of a new table. It declares {@code id} as the key, because that cannot be done later. Lance does not enforce the key. */
    public static Schema schema(int dimension) {
        FieldType key = new FieldType(false, TEXT, null, Map.of("lance-schema:unenforced-primary-key", "true"));
        return new Schema(List.of(
                new Field(ID, key, null),
                Field.nullable(PATH, TEXT),
                vectors(VECTOR, dimension),
                Field.nullable(CONTENT_TYPE, TEXT),
                Field.nullable(BYTES, NUMBER),
                Field.nullable(WIDTH, new ArrowType.Int(32, true)),
                Field.nullable(HEIGHT, new ArrowType.Int(32, true)),
                Field.nullable(UPLOADED_AT, TIME),
                Field.nullable(FILENAME, TEXT),
                Field.nullable(CAPTION, TEXT),
                new Field(TAGS, FieldType.nullable(ArrowType.List.INSTANCE), List.of(Field.nullable("item", TEXT))),
                Field.nullable(TAKEN_AT, TIME),
                Field.nullable(PIXELS_HASH, NUMBER),
                Field.nullable(LOOK_HASH, NUMBER)));
    }

    /** A column of vectors. */
    static Field vectors(String name, int dimension) {
        Field component = Field.nullable("item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE));
        return new Field(name, FieldType.nullable(new ArrowType.FixedSizeList(dimension)), List.of(component));
    }

    static boolean has(Schema schema, String column) {
        return schema.getFields().stream().anyMatch(field -> field.getName().equals(column));
    }

    /** The columns of ours that a table lacks, which an earlier version of Glimpse has made. */
    static List<Field> missing(Schema schema) {
        Set<String> there = schema.getFields().stream().map(Field::getName).collect(Collectors.toSet());
        return schema(1).getFields().stream()
                .filter(field -> LATER.contains(field.getName()) && !there.contains(field.getName()))
                .toList();
    }

    /**
     * Says why searches cannot read a table with these columns, as the end of a sentence. Empty if they can read it.
     *
     * @param column that is searched
     */
    static Optional<String> whyNotSearched(Schema schema, VectorColumn column) {
        String name = column.name();
        int dimension = column.model().dimension();
        Field vector = schema.getFields().stream()
                .filter(field -> field.getName().equals(name))
                .findFirst()
                .orElse(null);
        if (vector == null) {
            return Optional.of("it has no column " + name);
        }
        return vector.getType() instanceof ArrowType.FixedSizeList list
                        && list.getListSize() == dimension
                        && vector.getChildren().get(0).getType() instanceof ArrowType.FloatingPoint
                ? Optional.empty()
                : Optional.of("its column " + name + " is " + typeName(vector) + " and not a list of " + dimension
                        + " floats");
    }

    /**
     * Says why our rows do not fit into these columns, as the end of a sentence. Empty if they fit. Columns of other software are allowed
     * as long as they may be null, and also columns that are called like one of ours that came later and have another type.
     *
     * @param vectors the columns of the rows' vectors
     */
    static Optional<String> whyNotWritten(Schema schema, List<VectorColumn> vectors) {
        Map<String, Field> ours = new LinkedHashMap<>();
        schema(1).getFields().stream()
                .filter(field ->
                        !LATER.contains(field.getName()) && !field.getName().equals(VECTOR))
                .forEach(field -> ours.put(field.getName(), field));
        vectors.forEach(column ->
                ours.put(column.name(), vectors(column.name(), column.model().dimension())));
        for (Field field : schema.getFields()) {
            Field expected = ours.remove(field.getName());
            if (expected == null && !field.isNullable()) {
                return Optional.of(
                        "its column " + field.getName() + " may not be null, and Glimpse has no value for it");
            }
            if (expected != null && !isLike(field, expected)) {
                return Optional.of(
                        "its column " + field.getName() + " is " + typeName(field) + " and not " + typeName(expected));
            }
            if (expected != null && !field.isNullable() && !NEVER_NULL.contains(field.getName())) {
                return Optional.of("its column " + field.getName() + " may not be null, as it is for some pictures");
            }
        }
        return ours.isEmpty()
                ? Optional.empty()
                : Optional.of("it lacks the column " + ours.keySet().iterator().next());
    }

    private static boolean isLike(Field field, Field expected) {
        return field.getType().equals(expected.getType())
                && field.getChildren().size() == expected.getChildren().size()
                && IntStream.range(0, field.getChildren().size())
                        .allMatch(i -> field.getChildren()
                                .get(i)
                                .getType()
                                .equals(expected.getChildren().get(i).getType()));
    }

    /** The columns that a picture is shown from: all of ours that the table has, but for the vector. */
    static List<String> readable(Schema schema) {
        List<String> wanted = new ArrayList<>(
                List.of(ID, PATH, CONTENT_TYPE, BYTES, WIDTH, HEIGHT, UPLOADED_AT, FILENAME, CAPTION, TAGS, TAKEN_AT));
        wanted.retainAll(schema.getFields().stream().map(Field::getName).toList());
        return wanted;
    }

    /** Maps each column to its type, spelled as Arrow's C++ and Python libraries do, because clients of LanceDB know it so. */
    public static Map<String, String> describe(Schema schema) {
        Map<String, String> columns = new LinkedHashMap<>();
        schema.getFields().forEach(field -> columns.put(field.getName(), typeName(field)));
        return columns;
    }

    private static String typeName(Field field) {
        ArrowType type = field.getType();
        if (type instanceof ArrowType.FixedSizeList list) {
            return "fixed_size_list<" + childType(field) + ">[" + list.getListSize() + "]";
        }
        if (type instanceof ArrowType.List) {
            return "list<" + childType(field) + ">";
        }
        if (type instanceof ArrowType.Utf8) {
            return "string";
        }
        if (type instanceof ArrowType.Int number) {
            return (number.getIsSigned() ? "int" : "uint") + number.getBitWidth();
        }
        if (type instanceof ArrowType.FloatingPoint number) {
            return switch (number.getPrecision()) {
                case HALF -> "halffloat";
                case SINGLE -> "float";
                case DOUBLE -> "double";
            };
        }
        if (type instanceof ArrowType.Timestamp timestamp) {
            String unit = switch (timestamp.getUnit()) {
                case SECOND -> "s";
                case MILLISECOND -> "ms";
                case MICROSECOND -> "us";
                case NANOSECOND -> "ns";
            };
            String zone = timestamp.getTimezone();
            return "timestamp[" + unit + (zone == null ? "" : ", tz=" + zone) + "]";
        }
        return type.toString();
    }

    private static String childType(Field list) {
        Field child = list.getChildren().get(0);
        return child.getName() + ": " + typeName(child);
    }
}
