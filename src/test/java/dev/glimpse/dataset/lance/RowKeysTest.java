package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.ListPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.Nullable;

/** Rows with few times and with ids that begin alike, so that many are equal in part. */
class RowKeysTest {
    private static final long[] TIMES = {ListPosition.UNKNOWN, -1, 0, 5, 6, Long.MAX_VALUE};

    /** Row ids count on from here, across the end of a chunk. */
    private static final int FIRST = (1 << 16) - 20;

    private static final int MOST = 100;

    /** The rows as they are, beside what is known of them. */
    private static final class Table {
        final Random random;
        final RowKeys keys;
        final List<ListPosition> rows = new ArrayList<>();
        final BitSet live = new BitSet();

        Table(RowKeys keys, Random random, int rows) {
            this.keys = keys;
            this.random = random;
            put(rows);
        }

        void put(int more) {
            for (int i = 0; i < more && rows.size() < MOST; i++) {
                int n = rows.size();
                String id = random.nextInt(10) == 0
                        ? "picture " + n
                        : "images/%08x%056x.png"
                                .formatted(0x7fffffff + random.nextInt(3), random.nextInt(3) * MOST + n);
                ListPosition row = new ListPosition(TIMES[random.nextInt(TIMES.length)], id);
                rows.add(row);
                live.set(FIRST + n);
                keys.put(FIRST + n, row);
            }
        }

        ListPosition removeAny() {
            int gone = random.nextInt(rows.size());
            live.clear(FIRST + gone);
            return rows.get(gone);
        }

        RowKeys.View view() {
            return keys.view((BitSet) live.clone());
        }

        List<ListPosition> first(RowKeys.View view, @Nullable ListPosition after, int k) {
            return view.first(after, k, row -> rows.get(row - FIRST).id()).stream()
                    .map(row -> rows.get(row - FIRST))
                    .toList();
        }

        List<ListPosition> living() {
            return live.stream().mapToObj(row -> rows.get(row - FIRST)).toList();
        }
    }

    private Path folder = Path.of("");
    private RowKeys keys = new RowKeys(Path.of("target"));

    @BeforeTry
    void begin() throws IOException {
        keys.close();
        folder = Files.createTempDirectory("keys");
        keys = new RowKeys(folder);
    }

    @AfterTry
    void end() throws IOException {
        keys.close();
        Files.delete(folder);
    }

    @Property(tries = 500)
    void walkMeetsEachRowOnceThatIsThereAllTheTimeWhileOthersComeAndGo(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 9) int k) {
        Table table = new Table(keys, random, MOST / 2);
        Set<ListPosition> there = new HashSet<>(table.living());
        List<ListPosition> met = new ArrayList<>();
        @Nullable ListPosition last = null;

        while (true) {
            @Nullable ListPosition after = last;
            List<ListPosition> page = table.first(table.view(), after, k);
            assertThat(page)
                    .isEqualTo(table.living().stream()
                            .filter(row -> after == null || row.compareTo(after) > 0)
                            .sorted()
                            .limit(k)
                            .toList());
            if (page.isEmpty()) {
                break;
            }
            met.addAll(page);
            last = page.get(page.size() - 1);
            table.put(random.nextInt(4));
            for (int i = random.nextInt(3); i > 0; i--) {
                there.remove(table.removeAny());
            }
        }

        assertThat(met).containsAll(there).isSorted().doesNotHaveDuplicates();
    }

    @Property(tries = 50)
    void rowIsFoundByItsIdAsLongAsItIsThere(@ForAll Random random) {
        Table table = new Table(keys, random, MOST);
        ListPosition gone = table.removeAny();

        for (ListPosition row : table.rows) {
            List<ListPosition> found = new ArrayList<>();
            table.view().mayHave(row.id(), at -> found.add(table.rows.get(at - FIRST)));
            assertThat(found.contains(row)).isEqualTo(!row.equals(gone));
        }
    }

    @Property(tries = 20)
    void viewDoesNotSeeRowsThatWerePutLater(@ForAll Random random) {
        Table table = new Table(keys, random, 1);
        RowKeys.View before = table.view();

        table.put(MOST);

        assertThat(table.first(before, null, MOST)).containsExactly(table.rows.get(0));
    }
}
