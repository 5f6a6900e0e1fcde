package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * Codes of rows, grouped by the centroid that is nearest to each row, so that a search need compare the codes of a few groups only. Rows
 * that came later are not in it. All of it is in mapped files, with 8 bytes for each row besides its code.
 *
 * <p>The groups never change. The codes of rows whose vectors are replaced do, and these rows may be in the wrong group from then on: {@link
 * #moved}. Safe for use by several threads, of which one replaces.
 */
final class Partitions implements AutoCloseable {
    /** Codes of so many positions are in one chunk. */
    static final int CHUNK_ROWS = VectorIndex.CHUNK_ROWS;

    private final Centroids centroids;

    /** The rows, group after group. */
    private final MappedInts rows;

    /** Where each row is in that order, by row id; -1 for those that are not in it. */
    private final MappedInts positions;

    /** Where each group begins, and where the last one ends. */
    private final int[] starts;

    private final MappedFile file;

    /** The chunks of that file. */
    private final Rows[] codes;

    private final int dimension;

    /** Guarded by itself. */
    private final BitSet moved = new BitSet();

    /**
     * Creates empty files; {@link #open} makes room in them.
     *
     * @param starts not copied
     * @param rowIds all rows have lower ids
     */
    Partitions(Path folder, Centroids centroids, int[] starts, int rowIds, int dimension) {
        this.centroids = centroids;
        this.starts = starts;
        this.dimension = dimension;
        int size = starts[starts.length - 1];
        rows = new MappedInts(folder, "partition-rows", size);
        positions = new MappedInts(folder, "partition-positions", rowIds);
        file = new MappedFile(folder, "partition-codes", CHUNK_ROWS * Rows.bytesPerRow(dimension));
        codes = new Rows[(size + CHUNK_ROWS - 1) / CHUNK_ROWS];
    }

    /** Must be called first, then {@link #set} for each position. After a failure, as of a full disk, this can only be closed. */
    void open() {
        rows.open();
        positions.open();
        positions.fill(-1);
        for (int chunk = 0; chunk < codes.length; chunk++) {
            codes[chunk] = new Rows(file.chunk(chunk), CHUNK_ROWS, dimension);
        }
    }

    /** Says that this row is at this position, and copies its code there. */
    void set(int position, int row, CodeStore from) {
        rows.set(position, row);
        positions.set(row, position);
        from.copy(row, codes(position), position % CHUNK_ROWS);
    }

    Centroids centroids() {
        return centroids;
    }

    /** The number of groups. */
    int count() {
        return starts.length - 1;
    }

    /** The number of rows. */
    int size() {
        return rows.size();
    }

    int start(int group) {
        return starts[group];
    }

    int end(int group) {
        return starts[group + 1];
    }

    int row(int position) {
        return rows.get(position);
    }

    /** Where this row is; negative if it is not here. */
    int position(int row) {
        return row < positions.size() ? positions.get(row) : -1;
    }

    /** The chunk with the code at this position, which is there at the position's remainder by {@link #CHUNK_ROWS}. */
    Rows codes(int position) {
        return codes[position / CHUNK_ROWS];
    }

    /** Replaces the code of a row that is here. */
    void replace(BinaryCodes with, int row, float[] vector) {
        int position = positions.get(row);
        with.encode(vector, codes(position), position % CHUNK_ROWS);
        synchronized (moved) {
            moved.set(row);
        }
    }

    /** Rows that are here and whose vectors have been replaced. A copy. */
    BitSet moved() {
        synchronized (moved) {
            return (BitSet) moved.clone();
        }
    }

    int countMoved() {
        synchronized (moved) {
            return moved.cardinality();
        }
    }

    /**
     * Groups whose centroids are near, the nearest first.
     *
     * @param most groups to find; a few others are considered
     */
    int[] nearest(float[] query, BinaryCodes.Query coded, int most) {
        return centroids.nearest(query, coded, most);
    }

    /** Deletes the files. Searches that read them meanwhile can go on. */
    @Override
    public void close() {
        rows.close();
        positions.close();
        file.close();
    }
}
