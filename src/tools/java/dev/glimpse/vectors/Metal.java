package dev.glimpse.vectors;

import dev.glimpse.testing.ClusteredVectors;
import java.util.function.Function;

/** The work that no search can do without, and nothing else. Benchmarks compare a search with the time that this takes. */
public final class Metal {
    /** 200 MB, which fit into no cache. Further rows read the same memory again. */
    private static final int BLOCK_ROWS = 100_000;

    private static final int DIMENSION = ClusteredVectors.DIMENSION;

    private Metal() {}

    /** Computes the Hamming distances of so many codes. */
    public static Function<float[], Object> codes(int rows) {
        BinaryCodes codes = new BinaryCodes(new Rotation(new float[DIMENSION]));
        BinaryCodes.Rows coded = BinaryCodes.Rows.onHeap(rows, DIMENSION);
        int[] distances = new int[BinaryCodes.BLOCK_ROWS];
        return query -> {
            BinaryCodes.Query prepared = codes.query(query);
            for (int row = 0; row < rows; row += distances.length) {
                prepared.distances(coded, row, Math.min(distances.length, rows - row), distances);
            }
            return distances;
        };
    }

    /** Computes the dot products of so many vectors. */
    public static Function<float[], Object> vectors(int rows) {
        float[] block = new float[Math.min(rows, BLOCK_ROWS) * DIMENSION];
        return query -> {
            float most = 0;
            for (int row = 0; row < rows; row++) {
                most = Math.max(most, BinaryCodes.dot(block, row % BLOCK_ROWS * DIMENSION, query));
            }
            return most;
        };
    }

    /** Reads as many bytes from memory as so many vectors have. */
    public static Function<float[], Object> memory(int rows) {
        int[] block = new int[Math.min(rows, BLOCK_ROWS) * DIMENSION];
        return query -> {
            int sum = 0;
            for (int row = 0; row < rows; row += BLOCK_ROWS) {
                int end = Math.min(rows - row, BLOCK_ROWS) * DIMENSION;
                for (int i = 0; i < end; i++) {
                    sum += block[i];
                }
            }
            return sum;
        };
    }
}
