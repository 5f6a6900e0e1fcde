package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Holds vectors and finds those that are nearest to a query. In memory it keeps a binary code for each row. The vectors themselves are in a temporary file.
 *
 * <p>A row is known by its row id. Row ids should count up from 0, and some may be missing. The memory and the disk space of a row
 * that is no longer live are not freed before {@link #close}.
 *
 * <p>One thread puts rows and makes views. Any number of threads may search the views at the same time, also while this is closed.
 */
public final class VectorIndex implements AutoCloseable {
    /** Number of first rows whose mean is computed; the codes leave out its direction. With fewer rows every search is exact. */
    private static final int ROWS_OF_MEAN = 1024;

    /** The codes of rows are kept in chunks of this size, so that views share them while rows are added. */
    static final int CHUNK_ROWS = 1 << 16;

    private static final int MAX_ROWS = 1 << 30;

    private final int dimension;
    private final FullPrecisionVectorFile file;
    private final Searchers searchers;
    private final BitSet held = new BitSet();

    /** The vectors of the first rows, until there are enough for the mean. */
    private final Map<Integer, float[]> first = new HashMap<>();

    private List<Rows> chunks = List.of();
    private @Nullable BinaryCodes codes;

    /**
     * Creates an empty index.
     *
     * @param folder on a local disk, for a file with 4 bytes for each value of each row; {@link #close} deletes the file
     * @param dimension of all vectors
     */
    public VectorIndex(Path folder, int dimension) {
        this.dimension = dimension;
        file = new FullPrecisionVectorFile(folder, dimension);
        searchers = new Searchers(file);
    }

    /** Bytes of memory that each row takes: 72 up to 512 dimensions, 136 up to 1024, 200 up to 1536. */
    public static int bytesPerRow(int dimension) {
        return BinaryCodes.Rows.bytesPerRow(dimension);
    }

    /** Whether this row was put before. True also for a row that is in no view. Only the writing thread may call it. */
    public boolean holds(long rowId) {
        return rowId < held.length() && held.get((int) rowId);
    }

    /**
     * Adds a row. Existing views do not see it.
     *
     * @param vector of unit length
     * @throws IllegalArgumentException if the row was put before, or the vector has another dimension
     * @throws IllegalStateException if the index is closed
     */
    public void put(long rowId, float[] vector) {
        searchers.requireOpen();
        if (holds(rowId)) {
            throw new IllegalArgumentException("not a new row: " + rowId);
        }
        replace(rowId, vector);
    }

    /**
     * Adds a row, or replaces its vector. Existing views see the new vector too. A search that runs at the same time may read a mixture
     * of the old vector and the new one.
     *
     * @param vector of unit length
     * @throws IllegalArgumentException if the vector has another dimension
     * @throws IllegalStateException if the index is closed
     */
    public void replace(long rowId, float[] vector) {
        searchers.requireOpen();
        if (rowId < 0 || rowId >= MAX_ROWS) {
            throw new IllegalArgumentException("not a row from 0 to " + (MAX_ROWS - 1) + ": " + rowId);
        }
        if (vector.length != dimension) {
            throw new IllegalArgumentException("expected " + dimension + " dimensions, found " + vector.length);
        }
        int row = (int) rowId;
        file.write(row, vector);
        if (row / CHUNK_ROWS >= chunks.size()) {
            List<Rows> more = new ArrayList<>(chunks);
            while (row / CHUNK_ROWS >= more.size()) {
                more.add(new Rows(CHUNK_ROWS, dimension));
            }
            chunks = List.copyOf(more);
        }
        held.set(row);
        if (codes != null) {
            encode(codes, row, vector);
        } else {
            first.put(row, vector.clone());
            if (first.size() == ROWS_OF_MEAN) {
                BinaryCodes fixed = new BinaryCodes(sum(first.values()));
                first.forEach((at, early) -> encode(fixed, at, early));
                first.clear();
                codes = fixed;
            }
        }
    }

    private float[] sum(Collection<float[]> vectors) {
        float[] sum = new float[dimension];
        for (float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                sum[i] += vector[i];
            }
        }
        return sum;
    }

    private void encode(BinaryCodes with, int row, float[] vector) {
        with.encode(vector, chunks.get(row / CHUNK_ROWS), row % CHUNK_ROWS);
    }

    /**
     * Makes a view of these rows. Rows that are put later do not change it.
     *
     * @param live the ids of the rows that searches shall see; copied
     * @throws IllegalArgumentException if one of them was never put
     */
    public VectorView view(BitSet live) {
        BitSet missing = (BitSet) live.clone();
        missing.andNot(held);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("never put: row " + missing.nextSetBit(0));
        }
        return new VectorView(dimension, (BitSet) live.clone(), chunks, codes, searchers);
    }

    /** Deletes the file. Searches that are running come to their end; later ones fail. Twice is fine. */
    @Override
    public void close() {
        searchers.close();
    }
}
