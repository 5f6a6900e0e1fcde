package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.lance.ipc.ColumnOrdering;

/** Names the columns of the table, and converts rows to Arrow and back. Stateless. See {@link TableSchema}. */
public final class Columns {
    public static final String ID = "id";
    static final String PATH = "path";
    static final String VECTOR = VectorColumn.FIRST;
    static final String CONTENT_TYPE = "content_type";
    static final String BYTES = "bytes";
    static final String WIDTH = "width";
    static final String HEIGHT = "height";
    static final String UPLOADED_AT = "uploaded_at";
    static final String FILENAME = "filename";
    static final String CAPTION = "caption";
    static final String TAGS = "tags";
    static final String TAKEN_AT = "taken_at";
    static final String PIXELS_HASH = "pixels_hash";
    static final String LOOK_HASH = "look_hash";
    static final String DISTANCE = "_distance";

    /** A column of Lance itself. */
    static final String ROW_ADDRESS = "_rowaddr";

    /** A column of Lance itself. */
    static final String ROW_ID = "_rowid";

    /** The version of the table in which a row was written last. A column of Lance, for tables whose rows keep their ids. */
    static final String ROW_UPDATED = "_row_last_updated_at_version";

    /** The type of the times, as {@link TableSchema#describe} spells it. */
    static final String TIMES = "timestamp[us, tz=UTC]";

    /** The type of the times, as filters of Lance spell it. */
    private static final String TIME_TYPE = "Timestamp(Microsecond, Some(\"UTC\"))";

    static final ColumnOrdering NEWEST_FIRST = newestFirst();

    /** A norm may differ from 1 by this much, which is the rounding of float32 in some hundred dimensions. */
    private static final double ROUNDING = 1e-5;

    /** Those that {@link RowNotes} has the values of. */
    static final Set<String> NOTES = Set.of(UPLOADED_AT, FILENAME, CAPTION, TAGS);

    private Columns() {}

    private static ColumnOrdering newestFirst() {
        ColumnOrdering.Builder order = new ColumnOrdering.Builder();
        order.setColumnName(UPLOADED_AT);
        order.setAscending(false);
        order.setNullFirst(false);
        return order.build();
    }

    /**
     * A time as filters of Lance read it.
     *
     * @param micros since 1970, of any year
     */
    static String time(long micros) {
        return "arrow_cast(" + micros + ", '" + TIME_TYPE + "')";
    }

    /**
     * Converts rows to Arrow, in the columns of this table. Columns of other software get nulls, and so does a column of vectors in a row that
     * has none of its model. The caller closes the result.
     *
     * @param table with columns that {@link TableSchema#whyNotWritten} has nothing against
     * @param vectors the columns of vectors, the one first that is searched here
     */
    static VectorSchemaRoot toArrow(
            List<PictureRow> rows, Schema table, List<VectorColumn> vectors, BufferAllocator allocator) {
        VectorSchemaRoot root = VectorSchemaRoot.create(table, allocator);
        try {
            root.allocateNew();
            UnionListWriter tags = vector(root, TAGS, ListVector.class).getWriter();
            for (int i = 0; i < rows.size(); i++) {
                PictureRow row = rows.get(i);
                setText(root, ID, i, row.id().toString());
                setText(root, PATH, i, row.path());
                setText(root, CONTENT_TYPE, i, row.id().format().mediaType());
                vector(root, BYTES, BigIntVector.class).setSafe(i, row.bytes());
                vector(root, WIDTH, IntVector.class).setSafe(i, row.width());
                vector(root, HEIGHT, IntVector.class).setSafe(i, row.height());
                vector(root, UPLOADED_AT, TimeStampMicroTZVector.class)
                        .setSafe(i, ListPosition.inMicros(row.uploadedAt()));
                setText(root, FILENAME, i, row.filename());
                setText(root, CAPTION, i, row.caption());
                setTags(tags, i, row.tags());
                setLater(root, i, row);
            }
            for (VectorColumn column : vectors) {
                boolean first = column.equals(vectors.get(0));
                setVectors(
                        vector(root, column.name(), FixedSizeListVector.class),
                        rows.stream()
                                .map(row -> row.model() == null && !first
                                        ? null
                                        : row.vectorOf(column.model().fingerprint()))
                                .toList());
            }
            tags.setValueCount(rows.size());
            root.setRowCount(rows.size());
            return root;
        } catch (RuntimeException e) {
            root.close();
            throw e;
        }
    }

    /** The columns that a table may lack. Of another type, a column is that of other software. */
    private static void setLater(VectorSchemaRoot root, int i, PictureRow row) {
        if (row.takenAt() != null && root.getVector(TAKEN_AT) instanceof TimeStampMicroTZVector times) {
            times.setSafe(i, ListPosition.inMicros(row.takenAt()));
        }
        Fingerprint fingerprint = row.fingerprint();
        if (fingerprint != null
                && root.getVector(PIXELS_HASH) instanceof BigIntVector pixels
                && root.getVector(LOOK_HASH) instanceof BigIntVector looks) {
            pixels.setSafe(i, fingerprint.pixels());
            looks.setSafe(i, fingerprint.look());
        }
    }

    /** What a row of a batch says of its picture, as far as the batch has the columns. */
    static RowNotes notes(VectorSchemaRoot batch, int row) {
        return new RowNotes(
                text(batch, FILENAME, row),
                text(batch, CAPTION, row),
                tags(batch, row),
                instant(batch, UPLOADED_AT, row));
    }

    /**
     * Copies a row with all columns, also those of other software, and lets the copy say this. The caller closes the result.
     *
     * @param batch with all columns
     * @param table with columns that {@link TableSchema#whyNotWritten} has nothing against
     */
    static VectorSchemaRoot withNotes(
            VectorSchemaRoot batch, int row, RowNotes notes, Schema table, BufferAllocator allocator) {
        VectorSchemaRoot root = VectorSchemaRoot.create(table, allocator);
        try {
            root.allocateNew();
            for (Field field : table.getFields()) {
                String column = field.getName();
                if (!NOTES.contains(column)) {
                    root.getVector(column).copyFromSafe(row, 0, batch.getVector(column));
                }
            }
            Instant uploadedAt = notes.uploadedAt();
            TimeStampMicroTZVector times = vector(root, UPLOADED_AT, TimeStampMicroTZVector.class);
            if (uploadedAt == null) {
                times.copyFromSafe(row, 0, batch.getVector(UPLOADED_AT));
            } else {
                times.setSafe(0, ListPosition.inMicros(uploadedAt));
            }
            setText(root, FILENAME, 0, notes.filename());
            setText(root, CAPTION, 0, notes.caption());
            ListVector tags = vector(root, TAGS, ListVector.class);
            setTags(tags.getWriter(), 0, notes.tags());
            tags.setValueCount(1);
            root.setRowCount(1);
            return root;
        } catch (RuntimeException e) {
            root.close();
            throw e;
        }
    }

    /**
     * Copies a row with all columns to a place among other copies, and lets the copy say where its picture lies.
     *
     * @param batch with all columns
     * @param path of the picture's object
     */
    static void copyMoved(
            VectorSchemaRoot batch, int row, VectorSchemaRoot copies, int to, String path, SourceRows.Place place) {
        for (Field field : copies.getSchema().getFields()) {
            String column = field.getName();
            copies.getVector(column).copyFromSafe(row, to, batch.getVector(column));
        }
        setText(copies, PATH, to, path);
        setText(copies, FILENAME, to, place.filename());
        vector(copies, BYTES, BigIntVector.class).setSafe(to, place.bytes());
        vector(copies, UPLOADED_AT, TimeStampMicroTZVector.class).setSafe(to, ListPosition.inMicros(place.modified()));
    }

    private static void setTags(UnionListWriter writer, int row, List<String> tags) {
        writer.setPosition(row);
        writer.startList();
        tags.forEach(tag -> writer.varChar().writeVarChar(tag));
        writer.endList();
    }

    /** Converts a batch of a nearest-neighbour scan to hits, with their distances. */
    static List<Neighbor> neighbors(VectorSchemaRoot batch) {
        Float4Vector distances = vector(batch, DISTANCE, Float4Vector.class);
        List<Picture> pictures = pictures(batch);
        return IntStream.range(0, pictures.size())
                // Rounding takes equal vectors a hair below zero.
                .mapToObj(row -> new Neighbor(pictures.get(row), Math.max(0, distances.get(row))))
                .toList();
    }

    /** Converts a batch to what answers show of its rows, as far as it has the columns. */
    static List<Picture> pictures(VectorSchemaRoot batch) {
        List<Picture> pictures = new ArrayList<>(batch.getRowCount());
        for (int i = 0; i < batch.getRowCount(); i++) {
            Number bytes = number(batch, BYTES, i);
            Number width = number(batch, WIDTH, i);
            Number height = number(batch, HEIGHT, i);
            String id = text(batch, ID, i);
            pictures.add(new Picture(
                    id == null ? "" : id,
                    text(batch, PATH, i),
                    text(batch, CONTENT_TYPE, i),
                    bytes == null ? null : bytes.longValue(),
                    width == null ? null : width.intValue(),
                    height == null ? null : height.intValue(),
                    instant(batch, UPLOADED_AT, i),
                    text(batch, FILENAME, i),
                    text(batch, CAPTION, i),
                    tags(batch, i),
                    instant(batch, TAKEN_AT, i)));
        }
        return pictures;
    }

    /** The addresses of the rows of a batch: the fragment in the upper 32 bits, the number of the row within it in the lower 32. */
    static List<Long> addresses(VectorSchemaRoot batch) {
        UInt8Vector addresses = vector(batch, ROW_ADDRESS, UInt8Vector.class);
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < batch.getRowCount(); i++) {
            all.add(addresses.get(i));
        }
        return all;
    }

    static LongStream rowIds(VectorSchemaRoot batch) {
        UInt8Vector ids = vector(batch, ROW_ID, UInt8Vector.class);
        return IntStream.range(0, batch.getRowCount()).mapToLong(ids::get);
    }

    /** The times in a batch that has no row without one, in microseconds since 1970. */
    static List<Long> times(VectorSchemaRoot batch) {
        TimeStampMicroTZVector times = vector(batch, UPLOADED_AT, TimeStampMicroTZVector.class);
        return IntStream.range(0, batch.getRowCount()).mapToObj(times::get).toList();
    }

    /** The versions of the table in which the rows of a batch were written last. */
    static LongStream updates(VectorSchemaRoot batch) {
        FieldVector updates = batch.getVector(ROW_UPDATED);
        return IntStream.range(0, batch.getRowCount()).mapToLong(row -> ((Number) updates.getObject(row)).longValue());
    }

    /** The vector of a row in this column, scaled to length 1. Null if the row has no vector, or its vector has no direction. */
    static float @Nullable [] direction(VectorSchemaRoot batch, String column, int row) {
        FixedSizeListVector vectors = vector(batch, column, FixedSizeListVector.class);
        if (vectors.isNull(row)) {
            return null;
        }
        Float4Vector components = (Float4Vector) vectors.getDataVector();
        float[] values = new float[vectors.getListSize()];
        int start = row * values.length;
        double squares = 0;
        for (int i = 0; i < values.length; i++) {
            if (components.isNull(start + i)) {
                return null;
            }
            values[i] = components.get(start + i);
            squares += (double) values[i] * values[i];
        }
        double norm = Math.sqrt(squares);
        // Written so that NaN has no direction either.
        if (!(norm > 0 && Double.isFinite(norm))) {
            return null;
        }
        if (Math.abs(norm - 1) > ROUNDING) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (values[i] / norm);
            }
        }
        return values;
    }

    private static <V extends FieldVector> V vector(VectorSchemaRoot root, String column, Class<V> type) {
        return type.cast(root.getVector(column));
    }

    private static void setText(VectorSchemaRoot root, String column, int row, @Nullable String value) {
        VarCharVector vector = vector(root, column, VarCharVector.class);
        if (value == null) {
            vector.setNull(row);
        } else {
            vector.setSafe(row, value.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Fills a column of vectors, with null for a row that has none. */
    static void setVectors(FixedSizeListVector vectors, List<? extends @Nullable Embedding> rows) {
        Float4Vector components = (Float4Vector) vectors.getDataVector();
        int dimension = vectors.getListSize();
        for (int i = 0; i < rows.size(); i++) {
            Embedding row = rows.get(i);
            if (row != null) {
                setVector(vectors, components, i, row, dimension);
            }
        }
        components.setValueCount(rows.size() * dimension);
    }

    private static void setVector(
            FixedSizeListVector vectors, Float4Vector components, int row, Embedding embedding, int dimension) {
        float[] values = embedding.toArray();
        if (values.length != dimension) {
            throw new IllegalArgumentException(
                    "the table's vectors have " + dimension + " dimensions, not " + values.length);
        }
        vectors.setNotNull(row);
        for (int j = 0; j < dimension; j++) {
            components.setSafe(row * dimension + j, values[j]);
        }
    }

    /** The picture of a row. Empty if other software has given the row another kind of id. */
    static Optional<ImageId> id(VectorSchemaRoot batch, int row) {
        return Optional.ofNullable(text(batch, ID, row)).flatMap(ImageId::parse);
    }

    /** Whether a row of a batch that has ids and paths says that its picture lies under a name of its own. */
    static boolean isOfSource(VectorSchemaRoot batch, int row) {
        String id = text(batch, ID, row);
        return id != null && SourceRows.keyIn(id, text(batch, PATH, row)).isPresent();
    }

    private static @Nullable Object object(VectorSchemaRoot batch, String column, int row) {
        FieldVector vector = batch.getVector(column);
        return vector == null ? null : vector.getObject(row);
    }

    public static @Nullable String text(VectorSchemaRoot batch, String column, int row) {
        Object value = object(batch, column, row);
        return value == null ? null : value.toString();
    }

    /** The number in a column. Null if there is none, also because other software has made it a column of another type. */
    private static @Nullable Number number(VectorSchemaRoot batch, String column, int row) {
        return object(batch, column, row) instanceof Number number ? number : null;
    }

    private static @Nullable Instant instant(VectorSchemaRoot batch, String column, int row) {
        return object(batch, column, row) instanceof Long micros ? Instant.EPOCH.plus(micros, ChronoUnit.MICROS) : null;
    }

    /** The fingerprint of a row. Null if the row was written before the table had one, or by other software. */
    static @Nullable Fingerprint fingerprint(VectorSchemaRoot batch, int row) {
        return object(batch, PIXELS_HASH, row) instanceof Long pixels
                        && object(batch, LOOK_HASH, row) instanceof Long look
                ? new Fingerprint(pixels, look)
                : null;
    }

    private static List<String> tags(VectorSchemaRoot batch, int row) {
        return object(batch, TAGS, row) instanceof List<?> tags
                ? tags.stream().map(String::valueOf).toList()
                : List.of();
    }
}
