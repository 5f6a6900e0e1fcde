package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.io.IOException;
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
    private final PartitionFiles files;

    /** Where each group begins, and where the last one ends. */
    private final int[] starts;

    /** Guarded by itself. */
    private final BitSet moved = new BitSet();

    /**
     * @param files have all rows, in the order of their groups; closed with this
     * @param starts not copied
     */
    Partitions(PartitionFiles files, Centroids centroids, int[] starts) {
        this.files = files;
        this.centroids = centroids;
        this.starts = starts;
    }

    /**
     * Opens partitions that were kept.
     *
     * @param codes as they were
     */
    static Partitions open(BinaryCodes codes, int dimension, KeptInput from) throws IOException {
        OpenFiles opened = new OpenFiles();
        PartitionFiles files = opened.add(() -> new PartitionFiles(dimension, from));
        return opened.also(() -> {
            int[] starts = from.readInts();
            Partitions partitions = new Partitions(files, Centroids.read(codes, from), starts);
            partitions.moved.or(from.readBits());
            return partitions;
        });
    }

    /** Brings the files to the disk, and says how another process can open them. They stay from now on, until {@link #delete}. */
    void keep(KeptOutput to) throws IOException {
        files.keep(to);
        to.writeInt(starts.length);
        for (int start : starts) {
            to.writeInt(start);
        }
        centroids.write(to);
        to.writeBits(moved());
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
        return files.size();
    }

    int start(int group) {
        return starts[group];
    }

    int end(int group) {
        return starts[group + 1];
    }

    int row(int position) {
        return files.row(position);
    }

    /** Where this row is; negative if it is not here. */
    int position(int row) {
        return files.position(row);
    }

    /** The chunk with the code at this position, which is there at the position's remainder by {@link #CHUNK_ROWS}. */
    Rows codes(int position) {
        return files.codes(position);
    }

    /** Replaces the code of a row that is here. */
    void replace(BinaryCodes with, int row, SplitVector vector) {
        int position = files.position(row);
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

    /** Bytes of the files. */
    long bytes() {
        return files.bytes();
    }

    /** Deletes the files, also if they were kept. Searches that read them meanwhile can go on. */
    void delete() {
        files.delete();
    }

    /** Closes the files, and deletes them unless they were kept. Searches that read them meanwhile can go on. */
    @Override
    public void close() {
        files.close();
    }
}
