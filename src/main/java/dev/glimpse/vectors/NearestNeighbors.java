package dev.glimpse.vectors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Collects the k nearest rows by their cosine in float32. Among equal distances, the lower row ids win. Memory for 2k rows. For one
 * thread at a time.
 */
final class NearestNeighbors {
    private final int k;
    private final long least;

    /**
     * The distance in the upper 32 bits, the row in the lower ones. Floats that are not negative sort like their bits, so these keys sort
     * by distance and then by row. When the array is full, it is sorted and cut to the first k.
     */
    private final long[] keys;

    private int size;
    private long bound = Long.MAX_VALUE;

    /** @param leastDistance nearer rows are left out; 0 or more */
    NearestNeighbors(int k, float leastDistance) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1: " + k);
        }
        this.k = k;
        this.least = key(leastDistance, 0);
        keys = new long[2 * k];
    }

    /** Adds a row with its cosine to the query. */
    void add(int row, float cosine) {
        // By rounding, the distance of equal vectors may be slightly below zero.
        add(key(Math.max(0, 1 - cosine), row));
    }

    private void add(long key) {
        if (key < bound && key >= least) {
            keys[size++] = key;
            if (size == keys.length) {
                Arrays.sort(keys);
                size = k;
                bound = keys[k - 1];
            }
        }
    }

    /**
     * Adds all rows that the other one has, which is not changed.
     *
     * @return this
     */
    NearestNeighbors with(NearestNeighbors other) {
        for (int i = 0; i < other.size; i++) {
            add(other.keys[i]);
        }
        return this;
    }

    private static long key(float distance, int row) {
        return (long) Float.floatToRawIntBits(distance) << Integer.SIZE | row;
    }

    /** The rows that were found, nearest first. */
    List<Hit> hits() {
        Arrays.sort(keys, 0, size);
        List<Hit> hits = new ArrayList<>(Math.min(k, size));
        for (int i = 0; i < Math.min(k, size); i++) {
            hits.add(new Hit((int) keys[i], Float.intBitsToFloat((int) (keys[i] >>> Integer.SIZE))));
        }
        return hits;
    }
}
