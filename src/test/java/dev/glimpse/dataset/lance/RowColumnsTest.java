package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowFilter.AnyTag;
import dev.glimpse.dataset.RowFilter.Filename;
import dev.glimpse.dataset.RowFilter.Text;
import dev.glimpse.testing.Pictures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RowColumnsTest {
    /** Row ids count on from here, across the end of a chunk. */
    private static final int FIRST = (1 << 16) - 20;

    /** The rows as they are, beside what is known of them. */
    private static final class Table implements AutoCloseable {
        final Path folder = temporaryFolder();
        final RowColumns columns = new RowColumns(folder);
        final RowKeys keys = new RowKeys(folder);
        final Map<Integer, Picture> rows = new TreeMap<>();

        private static Path temporaryFolder() {
            try {
                return Files.createTempDirectory("columns");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        static Table of(Random random) {
            Table table = new Table();
            for (int i = 0; i < 60; i++) {
                int row = FIRST + random.nextInt(50);
                table.put(row, Pictures.any("picture " + row, random));
            }
            for (int i = 0; i < 5; i++) {
                table.rows.remove(FIRST + random.nextInt(50));
            }
            return table;
        }

        void put(int row, Picture picture) {
            columns.put(row, picture);
            keys.put(row, ListPosition.of(picture));
            rows.put(row, picture);
        }

        RowColumns.View view() {
            BitSet live = new BitSet();
            rows.keySet().forEach(live::set);
            return columns.view(live, keys.view(live));
        }

        BitSet matching(RowFilter filter) {
            BitSet matching = new BitSet();
            rows.forEach((row, picture) -> matching.set(row, filter.matches(picture)));
            return matching;
        }

        @Override
        public void close() {
            columns.close();
            keys.close();
            assertThat(folder).isEmptyDirectory();
            assertThat(folder.toFile().delete()).isTrue();
        }
    }

    @Property(tries = 200)
    void rowsThatPassAreThoseOfTheFiltersOwnDefinition(@ForAll Random random) {
        try (Table table = Table.of(random)) {
            RowColumns.View view = table.view();

            for (int i = 0; i < 20; i++) {
                RowFilter filter = Pictures.filter(random);
                assertThat(view.matching(filter)).as(filter.toString()).isEqualTo(table.matching(filter));
            }
            assertThat(view.matching(RowFilter.NONE)).isEqualTo(table.matching(RowFilter.NONE));
        }
    }

    @Property(tries = 100)
    void countsAreThoseOfTheRows(@ForAll Random random) {
        try (Table table = Table.of(random)) {
            RowFilter filter = Pictures.filter(random);
            Facets.Counter expected = new Facets.Counter();
            table.rows.values().stream().filter(filter::matches).forEach(expected::add);
            Facets.Counter counter = new Facets.Counter();
            RowColumns.View view = table.view();

            view.count(view.matching(filter), counter);

            assertThat(counter.facets()).isEqualTo(expected.facets());
        }
    }

    @Property(tries = 20)
    void viewDoesNotSeeRowsThatWerePutLater(@ForAll Random random) {
        try (Table table = new Table()) {
            table.put(1, Pictures.any("first", random));
            RowColumns.View before = table.view();

            table.put(2, Pictures.any("second", random));

            assertThat(before.matching(Pictures.filter(random)).get(2)).isFalse();
        }
    }

    @Test
    void textMayBeLongerThanWhatIsReadAtOnce() {
        try (Table table = new Table()) {
            String half = "x".repeat(1 << 19);
            table.put(0, named("short"));
            table.put(1, named(half + "y" + half));
            table.put(2, named("Y"));

            BitSet found = table.view().matching(RowFilter.of(new Filename(Text.containing("Y"))));

            assertThat(found.stream()).containsExactly(1, 2);
        }
    }

    @Test
    void oneTagOfManyIsFound() {
        try (Table table = new Table()) {
            for (int row = 0; row < 1000; row++) {
                table.put(row, tagged("tag " + row, "all"));
            }
            RowColumns.View view = table.view();

            assertThat(view.matching(RowFilter.of(new AnyTag(Set.of("tag 7", "unknown")))).stream())
                    .containsExactly(7);
            Facets.Counter counter = new Facets.Counter();
            view.count(view.matching(RowFilter.NONE), counter);
            assertThat(counter.facets().tags()).hasSize(Facets.MOST_TAGS).startsWith(new Facets.Count("all", 1000));
        }
    }

    @Test
    void heapOfNamesOfTagsIsCounted() {
        try (Table table = new Table()) {
            RowColumns columns = table.columns;
            long before = columns.heapBytes();

            table.put(0, tagged("a", "b"));
            long first = columns.heapBytes();
            table.put(1, tagged("a", "b"));

            assertThat(before).isZero();
            assertThat(first).isGreaterThan(2 * 100);
            assertThat(columns.heapBytes()).isEqualTo(first);
        }
    }

    private static Picture named(String filename) {
        return new Picture("id", null, null, null, null, null, null, filename, null, List.of());
    }

    private static Picture tagged(String... tags) {
        return new Picture(
                "id",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                Stream.of(tags).toList());
    }
}
