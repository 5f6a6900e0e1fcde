package dev.glimpse.vectors;

import java.util.function.Function;

/** What a search cannot do without, and nothing else: what the machine itself takes for it. */
public final class Metal {
    /** 200 MB, more than any cache holds; more rows are the same ones again. */
    private static final int BLOCK_ROWS = 100_000;

    private static final int DIMENSION = ClusteredVectors.DIMENSION;

    private Metal() {}

    /** The Hamming distances of so many codes. */
    public static Function<float[], Object> codes(int rows) {
        BinaryCodes codes = new BinaryCodes(new float[DIMENSION]);
        BinaryCodes.Rows coded = new BinaryCodes.Rows(rows, DIMENSION);
        int[] distances = new int[BinaryCodes.BLOCK_ROWS];
        return query -> {
            BinaryCodes.Query prepared = codes.query(query);
            for (int row = 0; row < rows; row += distances.length) {
                prepared.distances(coded, row, Math.min(distances.length, rows - row), distances);
            }
            return distances;
        };
    }

    /** The dot products of so many vectors. */
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

    /** Reading as many bytes as so many vectors have: the machine's memory. */
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
