package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.vectors.VectorIndex;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What decides whether rows are searched here or by Lance. */
class ServedRowsTest {
    private static final long ROWS_OF_2_GB = ServedRows.heapForRows(614L << 20);

    @Test
    void millionsOfRowsFitIntoTheHeapOfASmallContainer() {
        assertThat(ServedRows.heapBytes(10_000_000, 512)).isLessThan(ROWS_OF_2_GB);
        assertThat(ServedRows.heapBytes(20_000_000, 512)).isGreaterThan(ROWS_OF_2_GB);
        assertThat(ServedRows.heapBytes(10_000_000, 1536)).isGreaterThan(ROWS_OF_2_GB);
    }

    /** 12,649 centroids of 2,048 bytes, three times. */
    @Test
    void heapOfRowsHasTheCentroidsWhileTheyAreFound() {
        assertThat(ServedRows.heapBytes(10_000_000, 512)).isEqualTo(8 * 10_000_000L + 3 * 12_649L * 2_048);
    }

    @Test
    void rowsThatAreFarApartTakeAChunkEachOnTheDisk() {
        BitSet dense = new BitSet();
        dense.set(0, 1_000);
        BitSet sparse = new BitSet();
        IntStream.range(0, 1_000).forEach(n -> sparse.set(n * VectorIndex.CHUNK_ROWS + n));

        long vectors = 1_000 * 2_048L;
        assertThat(ServedRows.diskBytes(new BitSet(), 512)).isZero();
        assertThat(ServedRows.diskBytes(dense, 512)).isEqualTo(VectorIndex.CHUNK_ROWS * (72L + 73) + vectors);
        assertThat(ServedRows.diskBytes(sparse, 512)).isEqualTo(1_000 * VectorIndex.CHUNK_ROWS * (72L + 73) + vectors);
    }
}
