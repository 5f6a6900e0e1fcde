package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.vectors.DiskSpace;
import dev.glimpse.vectors.VectorIndex;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whether what is kept of rows fits on the disk. */
class RowsOnDiskTest {
    private static final int ROWS = 1_000_000;
    private static final BitSet LIVE = rows(0, ROWS);
    private static final long BYTES = RowsOnDisk.bytes(LIVE, 512);
    private static final long RESERVE = 1L << 30;

    private DiskSpace space = free(0);

    private static DiskSpace free(long bytes) {
        return new DiskSpace(bytes, 1L << 40);
    }

    private static BitSet rows(int from, int to) {
        BitSet rows = new BitSet();
        rows.set(from, to);
        return rows;
    }

    private RowsOnDisk disk(int times) {
        return new RowsOnDisk(512, () -> space, times);
    }

    /** 4 d + 907 bytes a row, less 64 of its id, which others keep, and less tags: see docs/scaling.md. */
    @Test
    void allFilesOfARowCount() {
        assertThat(BYTES / ROWS).isBetween(4 * 512L + 822, 4 * 512L + 912);
    }

    @Test
    void rowsFitIfTheyLeaveAReserve() {
        space = free(BYTES + RESERVE);
        assertThat(disk(1).lacks(LIVE)).isFalse();

        space = free(BYTES + RESERVE - 1);

        assertThat(disk(1).lacks(LIVE)).isTrue();
        space = new DiskSpace(0, 0);
        assertThat(disk(1).lacks(LIVE)).isFalse();
    }

    @Test
    void rowsThatHaveFilledTheDiskBeforeNeedTwiceTheSpace() {
        space = free(2 * BYTES + RESERVE);
        assertThat(disk(2).lacks(LIVE)).isFalse();

        space = free(2 * BYTES + RESERVE - 1);

        assertThat(disk(2).lacks(LIVE)).isTrue();
    }

    @Test
    void whatIsWrittenNeedsNoSpaceAgain() {
        RowsOnDisk disk = disk(1);
        rows(0, ROWS / 2).stream().forEach(disk::writing);
        space = free(BYTES * 6 / 10 + RESERVE);

        assertThat(disk.lacks(LIVE)).isFalse();

        rows(0, ROWS).stream().forEach(disk::writing);
        space = free(0);
        assertThat(disk.lacks(LIVE)).isFalse();
    }

    @Test
    void rowsThatAreGoneMakeNoRoomForOthers() {
        RowsOnDisk disk = disk(1);
        rows(ROWS, 2 * ROWS).stream().forEach(disk::writing);
        space = free(BYTES * 9 / 10);

        assertThat(disk.lacks(LIVE)).isTrue();
    }

    @Test
    void diskIsStuckIfItHasRowsAndNoSpaceForTheOthers() {
        space = free(BYTES);
        RowsOnDisk disk = disk(1);
        disk.lacks(LIVE);
        assertThat(disk.isStuck()).isFalse();
        disk.writing(0);
        assertThat(disk.isStuck()).isTrue();

        space = free(2 * BYTES);
        disk.lacks(LIVE);
        assertThat(disk.isStuck()).isFalse();
        space = free(RESERVE - 1);
        assertThat(disk.isStuck()).isTrue();
    }

    @Test
    void rowsThatAreFarApartTakeAChunkEach() {
        BitSet sparse = new BitSet();
        IntStream.range(0, 1_000).forEach(n -> sparse.set(n * VectorIndex.CHUNK_ROWS + n));

        long others = 999L * VectorIndex.CHUNK_ROWS * (72 + 200 + 81);
        assertThat(RowsOnDisk.bytes(new BitSet(), 512)).isZero();
        assertThat(RowsOnDisk.bytes(sparse, 512)).isEqualTo(RowsOnDisk.bytes(rows(0, 1_000), 512) + others);
    }

    @Test
    void rowWithTheHighestNumberTakesOneChunk() {
        BitSet one = new BitSet();
        one.set(VectorIndex.MAX_ROWS - 1);

        assertThat(RowsOnDisk.bytes(one, 512)).isEqualTo(RowsOnDisk.bytes(rows(0, 1), 512));
    }
}
