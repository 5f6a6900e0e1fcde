package dev.glimpse.vectors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The {@code k} nearest of the rows that were added, exactly; of equal distances the lower row ids. Not safe to share. */
final class NearestNeighbors {
    private final int k;

    /** Distance, then row: a float that is not negative has bits that sort as it does. The first k are sorted at times. */
    private final long[] keys;

    private int size;
    private long bound = Long.MAX_VALUE;

    NearestNeighbors(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1: " + k);
        }
        this.k = k;
        keys = new long[2 * k];
    }

    void add(int row, float cosine) {
        // Rounding takes equal vectors a hair below zero.
        long key = (long) Float.floatToRawIntBits(Math.max(0, 1 - cosine)) << Integer.SIZE | row;
        if (key < bound) {
            keys[size++] = key;
            if (size == keys.length) {
                Arrays.sort(keys);
                size = k;
                bound = keys[k - 1];
            }
        }
    }

    /** Nearest first. */
    List<Hit> hits() {
        Arrays.sort(keys, 0, size);
        List<Hit> hits = new ArrayList<>(Math.min(k, size));
        for (int i = 0; i < Math.min(k, size); i++) {
            hits.add(new Hit((int) keys[i], Float.intBitsToFloat((int) (keys[i] >>> Integer.SIZE))));
        }
        return hits;
    }
}
