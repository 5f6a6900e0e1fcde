package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.ClosedMappings;
import dev.glimpse.vectors.DiskSpace;
import dev.glimpse.vectors.VectorIndex;
import java.util.BitSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether there is space on the disk for what is kept of rows, and knows of which rows files have something already. Files give no
 * space back before they are closed, so rows that are gone count too. For one thread.
 */
final class RowsOnDisk {
    /** About what a row takes in files that are not mapped: what answers show of it, words and texts. Measured for docs/scaling.md. */
    private static final long UNMAPPED_BYTES_PER_ROW = 350;

    private static final Logger log = LoggerFactory.getLogger(RowsOnDisk.class);

    private final int dimension;
    private final Supplier<DiskSpace> space;
    private final int times;

    /** Rows of which files have something. */
    private final BitSet written = new BitSet();

    /** Whether the rows that were asked about last did not fit. */
    private boolean lacking;

    /**
     * @param dimension of their vectors
     * @param times how many times the computed bytes must be free: more than once where such rows have filled the disk nevertheless
     */
    RowsOnDisk(int dimension, Supplier<DiskSpace> space, int times) {
        this.dimension = dimension;
        this.space = space;
        this.times = times;
    }

    /** Files may have something of this row from now on. */
    void writing(int row) {
        written.set(row);
    }

    /** Files have something of these rows, which an earlier process has left. */
    void writing(BitSet rows) {
        written.or(rows);
    }

    /** The rows of which files may have something. Not to be changed. */
    BitSet written() {
        return written;
    }

    /** Whether what is not written yet of these rows would take space that others need, such as the copy of the table. */
    boolean lacks(BitSet live) {
        BitSet all = (BitSet) live.clone();
        all.or(written);
        long more = times * (bytes(all, dimension) - bytes(written, dimension));
        DiskSpace now = space.get();
        if (now.lacks(more) && ClosedMappings.ALL.collect()) {
            now = space.get();
        }
        boolean lacks = now.lacks(more);
        if (lacks && !lacking) {
            log.warn(
                    "rows are searched by Lance, because what is kept of them does not fit on the disk: rows={} numbers={} bytes={} free={}",
                    live.cardinality(),
                    live.length(),
                    more,
                    now.free());
        }
        lacking = lacks;
        return lacks;
    }

    /** Whether files have rows, and the disk has no space for the others. */
    boolean isStuck() {
        return !written.isEmpty() && (lacking || space.get().isNearlyFull());
    }

    /**
     * About how many bytes files have of these rows. Mapped files have chunks, and those with a row take room for all rows of a chunk.
     *
     * @param dimension of their vectors
     */
    static long bytes(BitSet rows, int dimension) {
        long mappedBytesPerRow = (long) VectorIndex.bytesPerRow(dimension)
                + RowKeys.BYTES_PER_ROW
                + RowLooks.BYTES_PER_ROW
                + RowFile.BYTES_PER_ROW
                + RowColumns.BYTES_PER_ROW;
        long chunks = 0;
        for (int row = rows.nextSetBit(0); row >= 0; ) {
            chunks++;
            row = rows.nextSetBit((row / VectorIndex.CHUNK_ROWS + 1) * VectorIndex.CHUNK_ROWS);
        }
        long count = rows.cardinality();
        return chunks * VectorIndex.CHUNK_ROWS * mappedBytesPerRow
                + count * ((long) dimension * Float.BYTES + UNMAPPED_BYTES_PER_ROW)
                + VectorIndex.diskBytesOfPartitions(count, dimension);
    }
}
