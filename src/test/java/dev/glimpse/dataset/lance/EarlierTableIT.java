package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.IndexJob;
import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowChange;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.WriteParams;
import org.lance.operation.Append;

/** A table that an earlier version of Glimpse has made, without the columns that came later. */
class EarlierTableIT {
    private static final int ROWS = 300;
    private static final Set<String> LATER = Set.of("taken_at", "pixels_hash", "look_hash");
    private static final Instant TAKEN = Instant.parse("2024-05-06T07:08:09Z");

    @TempDir
    Path data;

    private ObjectStore store;

    @BeforeEach
    void writeTable() {
        store = TestStores.folder(data);
        Path table = data.resolve("vectors/images.lance");
        Schema schema = new Schema(TableSchema.schema(Rows.MODEL.dimension()).getFields().stream()
                .filter(field -> !LATER.contains(field.getName()))
                .toList());
        List<PictureRow> rows = IntStream.range(0, ROWS).mapToObj(Rows::row).toList();
        Map<String, String> metadata = new HashMap<>(Rows.MODEL.toMetadata());
        metadata.putAll(TableStamp.fresh(false).toMetadata());
        try (BufferAllocator allocator = new RootAllocator();
                Dataset empty = Dataset.write()
                        .allocator(allocator)
                        .schema(schema)
                        .uri(table.toString())
                        .mode(WriteParams.WriteMode.CREATE)
                        .enableStableRowIds(true)
                        .dataStorageVersion("2.1")
                        .execute()) {
            Operations.commit(empty, Operations.metadataUpdate(metadata));
        }
        append(rows, schema);
    }

    /** As a client that does not know us. */
    private void append(List<PictureRow> rows, Schema schema) {
        Path table = data.resolve("vectors/images.lance");
        try (BufferAllocator allocator = new RootAllocator();
                VectorSchemaRoot batch = Columns.toArrow(
                        rows, schema, List.of(new VectorColumn(VectorColumn.FIRST, Rows.MODEL)), allocator)) {
            List<FragmentMetadata> fragments = Fragment.write()
                    .datasetUri(table.toString())
                    .allocator(allocator)
                    .data(batch)
                    .mode(WriteParams.WriteMode.APPEND)
                    .execute();
            try (Dataset stamped =
                    Dataset.open().allocator(allocator).uri(table.toString()).build()) {
                Operations.commit(stamped, Append.builder().fragments(fragments).build());
            }
        }
    }

    private ImageDataset open() {
        return ImageDataset.open(store, data.resolve(".glimpse"), Rows.MODEL, Rows.AT_ONCE);
    }

    private static PictureRow takenRow(int n, long pixels) {
        PictureRow row = Rows.row(n);
        return new PictureRow(
                row.id(),
                row.path(),
                row.vector(),
                row.bytes(),
                row.width(),
                row.height(),
                row.uploadedAt(),
                row.filename(),
                row.caption(),
                row.tags(),
                TAKEN,
                new Fingerprint(pixels, pixels));
    }

    private static void add(ImageDataset dataset, int n) {
        add(dataset, n, n);
    }

    private static void add(ImageDataset dataset, int n, long pixels) {
        assertThat(dataset.add(takenRow(n, pixels))
                        .orTimeout(1, TimeUnit.MINUTES)
                        .join())
                .isTrue();
        dataset.settled().join();
    }

    private static Neighbor nearest(ImageDataset dataset, int n) {
        return dataset.nearest(Rows.vector(n), 1, true).get(0);
    }

    private static List<String> taken(ImageDataset dataset) {
        RowFilter filter = RowFilter.of(RowFilter.Taken.between(TAKEN, TAKEN.plusSeconds(1)));
        return dataset.nearest(new NearestQuery(Rows.vector(0), 1000, true, filter)).neighbors().stream()
                .map(Neighbor::id)
                .toList();
    }

    @Test
    void isReadAsItIs() {
        List<String> before = store.list("vectors/");

        try (ImageDataset dataset = open()) {
            dataset.settled().join();

            assertThat(nearest(dataset, 3).picture()).isEqualTo(shown(3));
            assertThat(dataset.newest(null, 1)).containsExactly(shown(ROWS - 1));
            assertThat(taken(dataset)).isEmpty();
            assertThat(dataset.state().problem()).isNull();
        }

        assertThat(store.list("vectors/")).isEqualTo(before);
    }

    private Picture shown(int n) {
        return Picture.of(Rows.row(n)).at(store.address(Rows.id(n).toString()));
    }

    @Test
    void getsTheNewColumnsWithItsFirstNewRow() {
        try (ImageDataset dataset = open()) {
            add(dataset, ROWS);

            assertThat(dataset.state().columns()).containsKeys("taken_at", "pixels_hash", "look_hash");
            assertThat(nearest(dataset, ROWS).picture().takenAt()).isEqualTo(TAKEN);
            assertThat(nearest(dataset, 3).picture()).isEqualTo(shown(3));
            assertThat(taken(dataset)).containsExactly(Rows.id(ROWS).toString());
        }
        try (ImageDataset again = open()) {
            again.settled().join();

            assertThat(again.state().committedRows()).isEqualTo(ROWS + 1);
            assertThat(taken(again)).containsExactly(Rows.id(ROWS).toString());
        }
    }

    @Test
    void itsOldRowsAreEditedAndDeletedBeforeAndAfterThat() {
        try (ImageDataset dataset = open()) {
            assertThat(edit(dataset, 1)).isEqualTo(RowChange.CHANGED);
            add(dataset, ROWS);
            assertThat(edit(dataset, 2)).isEqualTo(RowChange.CHANGED);
            assertThat(edit(dataset, ROWS)).isEqualTo(RowChange.CHANGED);
            assertThat(dataset.remove(Rows.id(4)).join()).isTrue();
            dataset.settled().join();

            assertThat(List.of(1, 2, ROWS))
                    .allSatisfy(n ->
                            assertThat(nearest(dataset, n).picture().caption()).isEqualTo("edited"));
            assertThat(nearest(dataset, ROWS).picture().takenAt()).isEqualTo(TAKEN);
            assertThat(dataset.find(Rows.id(4))).isEmpty();
            assertThat(dataset.state().committedRows()).isEqualTo(ROWS);
        }
    }

    private static RowChange edit(ImageDataset dataset, int n) {
        return dataset.describe(Rows.id(n), new RowNotes(null, "edited", List.of(), null))
                .join();
    }

    @Test
    void rowsThatAnEarlierServerAppendsAfterTheNewColumnsAreInNoGroup() {
        try (ImageDataset dataset = open()) {
            add(dataset, ROWS, 7);
            add(dataset, ROWS + 1, 7);
            assertThat(groups(dataset)).containsExactly(Set.of(id(ROWS), id(ROWS + 1)));

            append(
                    IntStream.range(ROWS + 2, ROWS + 5).mapToObj(Rows::row).toList(),
                    TableSchema.schema(Rows.MODEL.dimension()));
            add(dataset, ROWS + 5, 7);

            assertThat(dataset.state().committedRows()).isEqualTo(ROWS + 6);
            // Groups that took long to make stay good for a while.
            await().ignoreException(TableBusyException.class).untilAsserted(() -> {
                assertThat(groups(dataset)).containsExactly(Set.of(id(ROWS), id(ROWS + 1), id(ROWS + 5)));
                assertThat(dataset.duplicates(null, null, 10, pictures -> true, true)
                                .unknown())
                        .isEqualTo(ROWS + 3);
            });
            assertThat(nearest(dataset, ROWS + 3).picture()).isEqualTo(shown(ROWS + 3));
            assertThat(dataset.likenesses(Rows.id(ROWS + 3), 5).alike()).isEmpty();
            assertThat(edit(dataset, ROWS + 3)).isEqualTo(RowChange.CHANGED);
            assertThat(dataset.remove(Rows.id(ROWS + 4)).join()).isTrue();
            assertThat(dataset.remove(Rows.id(ROWS + 5)).join()).isTrue();
            dataset.settled().join();
            assertThat(groups(dataset)).containsExactly(Set.of(id(ROWS), id(ROWS + 1)));
        }
    }

    private static String id(int n) {
        return Rows.id(n).toString();
    }

    private static List<Set<String>> groups(ImageDataset dataset) {
        return dataset.duplicates(null, null, 10, pictures -> true, true).groups().stream()
                .map(group -> group.pictures().stream().map(Picture::id).collect(Collectors.toSet()))
                .toList();
    }

    @Test
    void keepsItsIndex() {
        try (ImageDataset dataset = open()) {
            dataset.settled().join();
            dataset.startIndexBuild(IndexKind.IVF_FLAT);
            await().until(() -> dataset.indexJob().state() == IndexJob.State.DONE);

            add(dataset, ROWS);

            assertThat(dataset.state().indices())
                    .singleElement()
                    .satisfies(index -> assertThat(index.indexedRows()).isEqualTo(ROWS));
            assertThat(nearest(dataset, 7).id()).isEqualTo(Rows.id(7).toString());
        }
    }
}
