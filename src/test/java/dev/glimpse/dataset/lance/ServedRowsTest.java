package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What decides whether rows are searched here or by Lance. */
class ServedRowsTest {
    private static final long ROWS_OF_2_GB = ServedRows.heapForRows(614L << 20);

    @Test
    void millionsOfRowsFitIntoTheHeapOfASmallContainer() {
        assertThat(ServedRows.heapBytes(10_000_000, 10_000_000, 512)).isLessThan(ROWS_OF_2_GB);
        assertThat(ServedRows.heapBytes(20_000_000, 20_000_000, 512)).isGreaterThan(ROWS_OF_2_GB);
        assertThat(ServedRows.heapBytes(10_000_000, 10_000_000, 1536)).isGreaterThan(ROWS_OF_2_GB);
    }

    /** 12,649 centroids of 2,048 bytes, four times. */
    @Test
    void heapOfRowsHasTheCentroidsWhileTheyAreFound() {
        assertThat(ServedRows.heapBytes(11_000_000, 10_000_000, 512)).isEqualTo(8 * 11_000_000L + 4 * 12_649L * 2_048);
    }
}
