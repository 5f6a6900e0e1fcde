package dev.glimpse.vectors;

import java.util.Arrays;

/**
 * Collects the k rows with the smallest distances, where distances are small integers. Among equal distances, the rows that were
 * added first win. It counts how often each distance occurs, so it need not sort: adding a row takes constant time, in whatever
 * order the rows come. Memory for 2k rows. For one thread at a time.
 */
final class TopK {
    private int k;
    private int[] counts = {};
    private int[] rows = {};
    private int[] distances = {};
    private int size;
    private int bound;

    /** Begins a new collection of k rows. Distances must be from 0 to {@code levels - 1}. */
    void start(int k, int levels) {
        this.k = k;
        if (counts.length < levels) {
            counts = new int[levels];
        }
        Arrays.fill(counts, 0);
        if (rows.length < 2 * k) {
            rows = new int[2 * k];
            distances = new int[2 * k];
        }
        size = 0;
        bound = levels;
    }

    /** Only rows with a smaller distance than this can still be among the k. */
    int bound() {
        return bound;
    }

    /** Adds a row. Its distance must be smaller than {@link #bound}. */
    void add(int row, int distance) {
        rows[size] = row;
        distances[size++] = distance;
        counts[distance]++;
        if (size == 2 * k) {
            shrink();
        }
    }

    /** Adds a row, unless it cannot be among the k. */
    void addIfNearer(int row, int distance) {
        if (distance < bound) {
            add(row, distance);
        }
    }

    /** Ends the collection and returns the number of rows, at most k; {@link #row} gives them, in no particular order. */
    int finish() {
        if (size > k) {
            shrink();
        }
        return size;
    }

    /** The i-th row of the result. Valid after {@link #finish}. */
    int row(int i) {
        return rows[i];
    }

    private void shrink() {
        int nearer = 0;
        int last = 0;
        while (nearer + counts[last] < k) {
            nearer += counts[last++];
        }
        int equals = k - nearer;
        counts[last] = equals;
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (distances[i] < last || (distances[i] == last && equals-- > 0)) {
                rows[kept] = rows[i];
                distances[kept++] = distances[i];
            }
        }
        size = kept;
        bound = last;
    }
}
