package dev.glimpse.vectors;

import java.util.Arrays;

/**
 * The rows with the smallest distances of those that were added, where distances are small whole numbers: counts how often
 * each occurs, instead of sorting. Of equal distances the first added stay. Takes constant time a row, whatever the order,
 * and memory for twice the wanted rows. Not safe to share.
 */
final class TopK {
    private int wanted;
    private int[] counts = {};
    private int[] rows = {};
    private int[] distances = {};
    private int size;
    private int bound;

    /** Forgets all rows. Distances are to be from 0 to below {@code levels}. */
    void start(int wanted, int levels) {
        this.wanted = wanted;
        if (counts.length < levels) {
            counts = new int[levels];
        }
        Arrays.fill(counts, 0);
        if (rows.length < 2 * wanted) {
            rows = new int[2 * wanted];
            distances = new int[2 * wanted];
        }
        size = 0;
        bound = levels;
    }

    /** Only rows nearer than this can still be among the wanted. */
    int bound() {
        return bound;
    }

    /** Adds a row that is nearer than the bound. */
    void add(int row, int distance) {
        rows[size] = row;
        distances[size++] = distance;
        counts[distance]++;
        if (size == 2 * wanted) {
            shrink();
        }
    }

    /** How many are left when only the wanted stay: see {@link #row}. */
    int finish() {
        if (size > wanted) {
            shrink();
        }
        return size;
    }

    int row(int i) {
        return rows[i];
    }

    private void shrink() {
        int nearer = 0;
        int last = 0;
        while (nearer + counts[last] < wanted) {
            nearer += counts[last++];
        }
        int equals = wanted - nearer;
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
