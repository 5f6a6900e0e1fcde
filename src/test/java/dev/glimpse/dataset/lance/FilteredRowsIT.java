package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of one table, searched by Lance and in memory. */
class FilteredRowsIT {
    private static final long SEED = 13;
    private static final int ROWS = 400;
    private static final int K = 6;

    @TempDir
    Path data;

    private final Random random = new Random(SEED);
    private final List<PictureRow> rows =
            IntStream.range(0, ROWS).mapToObj(n -> Pictures.row(n, random)).toList();

    private LanceTable open(ObjectStore store) throws IOException {
        return FolderTables.open(store, data, new KnownModels(Rows.MODEL));
    }

    @Test
    void rowsThatPassAndTheirCountsAreTheSameByLanceAndInMemory() throws IOException {
        try (ObjectStore store = TestStores.folder(data)) {
            try (LanceTable table = open(store)) {
                assertThat(table.append(rows)).isTrue();
            }
            try (LanceTable table = open(store)) {
                assertThat(table.snapshots().current().rows()).isNull();
                assertLikeBruteForce(table.reader());

                table.snapshots().refresh();

                assertThat(table.snapshots().current().rows()).isNotNull();
                assertLikeBruteForce(table.reader());
                assertThat(table.memory().columns()).isGreaterThan(ROWS * (long) RowColumns.BYTES_PER_ROW);
            }
        }
    }

    private void assertLikeBruteForce(TableReader reader) throws IOException {
        for (int i = 0; i < 40; i++) {
            RowFilter filter = i == 0 ? RowFilter.NONE : Pictures.filter(random);
            NearestQuery query = new NearestQuery(Rows.vector(-i), K, random.nextBoolean(), filter);
            Instant time = Pictures.time(random);

            assertThat(reader.nearest(query, TableMeters.UNBOUND).neighbors())
                    .as("seed %d, %s", SEED, filter)
                    .extracting(Neighbor::id)
                    .isEqualTo(nearest(rows.stream(), query));
            assertThat(reader.nearestUploadedBy(query, time).neighbors())
                    .as("seed %d, %s, by %s", SEED, filter, time)
                    .extracting(Neighbor::id)
                    .isEqualTo(nearest(
                            rows.stream().filter(row -> !row.uploadedAt().isAfter(time)), query));
            assertCounts(reader, filter);
        }
    }

    private void assertCounts(TableReader reader, RowFilter filter) throws IOException {
        Set<String> apart = new HashSet<>(Set.of(Rows.id(ROWS + 1).toString()));
        random.ints(20, 0, ROWS).forEach(n -> apart.add(Rows.id(n).toString()));
        List<Picture> passing =
                rows.stream().map(Picture::of).filter(filter::matches).toList();
        Facets.Counter expected = new Facets.Counter();
        passing.stream().filter(picture -> !apart.contains(picture.id())).forEach(expected::add);

        TableReader.Counted counted = reader.count(filter, apart);

        assertThat(counted.counter().facets()).as("seed %d, %s", SEED, filter).isEqualTo(expected.facets());
        assertThat(counted.apart())
                .containsExactlyInAnyOrderElementsOf(passing.stream()
                        .filter(picture -> apart.contains(picture.id()))
                        .toList());
    }

    private static List<String> nearest(Stream<PictureRow> rows, NearestQuery query) {
        Embedding vector = query.vector();
        return rows.filter(query.filter()::matches)
                .sorted(Comparator.comparingDouble(row -> PictureRow.distance(row.vector(), vector)))
                .limit(query.k())
                .map(row -> row.id().toString())
                .toList();
    }
}
