package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.Transaction;
import org.lance.WriteParams;
import org.lance.operation.Append;

/** A table that other software made: three columns, no metadata of ours. */
class ForeignTableIT {
    @TempDir
    Path data;

    private void writeTable(Path table) {
        Schema schema = new Schema(List.of(
                Field.nullable("id", ArrowType.Utf8.INSTANCE),
                Field.nullable("path", ArrowType.Utf8.INSTANCE),
                new Field(
                        "vector",
                        FieldType.nullable(new ArrowType.FixedSizeList(512)),
                        List.of(Field.nullable("item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))))));
        try (BufferAllocator allocator = new RootAllocator();
                VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
            root.allocateNew();
            for (int i = 0; i < 5; i++) {
                ((VarCharVector) root.getVector("id")).setSafe(i, ("row-" + i).getBytes(StandardCharsets.UTF_8));
                ((VarCharVector) root.getVector("path")).setSafe(i, ("s3://old/" + i).getBytes(StandardCharsets.UTF_8));
                FixedSizeListVector vectors = (FixedSizeListVector) root.getVector("vector");
                vectors.setNotNull(i);
                float[] values = Rows.vector(i).toArray();
                for (int j = 0; j < values.length; j++) {
                    ((Float4Vector) vectors.getDataVector()).setSafe(i * 512 + j, values[j]);
                }
            }
            root.setRowCount(5);
            try (Dataset empty = Dataset.write()
                    .allocator(allocator)
                    .schema(schema)
                    .uri(table.toString())
                    .mode(WriteParams.WriteMode.CREATE)
                    .execute()) {
                List<FragmentMetadata> fragments = Fragment.write()
                        .datasetUri(table.toString())
                        .allocator(allocator)
                        .data(root)
                        .mode(WriteParams.WriteMode.APPEND)
                        .execute();
                try (Transaction append = new Transaction.Builder()
                                .readVersion(empty.version())
                                .operation(Append.builder().fragments(fragments).build())
                                .build();
                        Dataset written = new CommitBuilder(empty).execute(append)) {
                    assertThat(written.countRows()).isEqualTo(5);
                }
            }
        }
    }

    @Test
    void isSearchedAndNotWritten() throws IOException {
        writeTable(Files.createDirectories(data.resolve("vectors")).resolve("images.lance"));
        ObjectStore store = TestStores.folder(data);
        List<String> before = store.list("vectors/");

        try (ImageDataset dataset = ImageDataset.open(store, data.resolve(".glimpse"), Rows.MODEL, Rows.AT_ONCE)) {
            Neighbor nearest = dataset.nearest(Rows.vector(3), 2, false).get(0);
            assertThat(nearest.id()).isEqualTo("row-3");
            assertThat(nearest.picture().path()).isEqualTo("s3://old/3");
            assertThat(nearest.picture().uploadedAt()).isNull();
            assertThat(nearest.picture().tags()).isEmpty();
            // Of the same time, as far as it is known, so the ids decide.
            assertThat(dataset.newest(null, 10))
                    .extracting(Picture::id)
                    .containsExactlyInAnyOrder("row-0", "row-1", "row-2", "row-3", "row-4");
            ListPosition second = ListPosition.of(dataset.newest(null, 2).get(1));
            assertThat(dataset.newest(second, 10))
                    .isEqualTo(dataset.newest(null, 10).subList(2, 5));
            assertThat(dataset.nearest(new NearestQuery(
                                    Rows.vector(3),
                                    2,
                                    false,
                                    RowFilter.of(new RowFilter.Width(RowFilter.Range.of(null, null)))))
                            .neighbors())
                    .isEmpty();
            assertThat(dataset.facets(RowFilter.NONE))
                    .isEqualTo(new Facets(5, List.of(), List.of(), List.of(), List.of()));
            assertThatThrownBy(() -> dataset.nearestAt(Instant.EPOCH, new NearestQuery(Rows.vector(3), 2, false)))
                    .isInstanceOf(VersionNotFoundException.class)
                    .hasMessageContaining("does not say when");
            assertThat(dataset.state().committedRows()).isEqualTo(5);
            assertThat(dataset.state().model()).isNull();
            assertThat(dataset.state().problem()).contains("glimpse.model.name").contains("searched and not written");
            assertThatThrownBy(() -> dataset.add(Rows.row(1))).isInstanceOf(ForeignTableException.class);
            assertThatThrownBy(() -> dataset.startIndexBuild(IndexKind.IVF_FLAT))
                    .isInstanceOf(ForeignTableException.class);
        }

        assertThat(store.list("vectors/")).isEqualTo(before);
    }
}
