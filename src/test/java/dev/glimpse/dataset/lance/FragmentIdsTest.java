package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.lance.Manifest.FragmentState;
import dev.glimpse.image.IdSet;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Ids of a table whose last file cannot be read. */
class FragmentIdsTest {
    /** So many that a set of them is not on the heap. */
    private static final int ROWS = 70_000;

    private static final Manifest MANIFEST = new Manifest(
            1,
            ROWS,
            0,
            List.of(new FragmentState(0, ROWS, 0, -1, List.of("file"))),
            Map.of(),
            List.of(),
            Map.of(),
            null,
            null,
            false,
            true,
            List.of(),
            new VectorColumn(VectorColumn.FIRST, Rows.MODEL));

    private int allocated;
    private int held;

    private final FragmentIds ids = new FragmentIds((parts, longs) -> {
        allocated++;
        held++;
        return new IdSet.Parts(IdSet.Memory.HEAP.allocate(parts, longs).buffers(), () -> held--);
    });

    private static void fail(@Nullable List<Integer> fragments, FragmentIds.Rows rows) throws IOException {
        IntStream.range(0, ROWS).forEach(n -> rows.row(0, Rows.id(n)));
        throw new IOException("damaged");
    }

    @Test
    void newIdsThatCannotAllBeReadGiveTheirMemoryBack() {
        assertThatThrownBy(() -> ids.follow(MANIFEST, id -> false, FragmentIdsTest::fail))
                .hasMessage("damaged");

        assertThat(allocated).isPositive();
        assertThat(held).isZero();
    }

    @Test
    void idsThatCannotAllBeReadGiveTheirMemoryBack() {
        assertThatThrownBy(() -> ids.readAll(MANIFEST, FragmentIdsTest::fail)).hasMessage("damaged");

        assertThat(allocated).isPositive();
        assertThat(held).isZero();
    }
}
