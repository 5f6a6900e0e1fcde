package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * Groups rows into partitions: finds centroids by spherical k-means over some of the rows, and assigns each row to the one nearest to it.
 * For one thread. It rests as long as it works, so that searches have the processors.
 */
final class PartitionBuild {
    /** The number of partitions is so many times the square root of that of the rows: 1,788 of 200,000, 4,000 of a million. */
    private static final int PARTITIONS = 4;

    /** Rows for each centroid that it is found from. */
    private static final int SAMPLE = 16;

    private static final int ROUNDS = 6;

    /** When there are so many times the rows, centroids are found anew. */
    private static final int GROWTH = 2;

    private static final int READ_ROWS = 32;
    private static final long WORK_NANOS = 5_000_000;
    private static final long SEED = 2025;

    private final CodeStore store;
    private final FullPrecisionVectorFile.Reader reader;
    private final int dimension;
    private final int[] rows;
    private long worked = System.nanoTime();

    /**
     * @param store has the codes of all these rows
     * @param reader not closed here
     * @param rows that the partitions are to have, at least one
     */
    PartitionBuild(CodeStore store, FullPrecisionVectorFile.Reader reader, int dimension, BitSet rows) {
        this.store = store;
        this.reader = reader;
        this.dimension = dimension;
        this.rows = rows.stream().toArray();
    }

    /**
     * Groups the rows. Codes that are replaced meanwhile may be missing in the result.
     *
     * @throws SearchInterruptedException if the thread is interrupted
     */
    Partitions run() {
        Partitions earlier = store.partitions();
        Centroids centroids = earlier != null
                        && rows.length < (long) GROWTH * earlier.centroids().trainedRows()
                ? earlier.centroids()
                : train();
        return group(centroids, assign(centroids, rows));
    }

    private Centroids train() {
        int count = Math.min(rows.length, (int) (PARTITIONS * Math.sqrt(rows.length)));
        int[] sample = sample(count * SAMPLE);
        Random random = new Random(SEED);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < sample.length; i++) {
            order.add(i);
        }
        Collections.shuffle(order, random);
        float[][] vectors = new float[count][];
        for (int i = 0; i < count; i++) {
            vectors[i] = vector(sample[order.get(i)]);
        }
        Centroids centroids = new Centroids(vectors, store.codes(), rows.length);
        for (int round = 0; round < ROUNDS; round++) {
            centroids =
                    new Centroids(means(sample, assign(centroids, sample), random, count), store.codes(), rows.length);
        }
        return centroids;
    }

    /** So many of the rows, in their order. */
    private int[] sample(int count) {
        if (count >= rows.length) {
            return rows;
        }
        return new Random(SEED)
                .ints(0, rows.length)
                .distinct()
                .limit(count)
                .sorted()
                .map(i -> rows[i])
                .toArray();
    }

    /** The mean directions of groups; where a group is empty, that of any row. */
    private float[][] means(int[] of, int[] groups, Random random, int count) {
        float[][] sums = new float[count][dimension];
        for (int i = 0; i < of.length; i++) {
            Centroids.add(vector(of[i]), sums[groups[i]]);
        }
        for (int group = 0; group < count; group++) {
            if (!Centroids.scaleToUnitLength(sums[group])) {
                sums[group] = vector(of[random.nextInt(of.length)]);
            }
        }
        return sums;
    }

    private float[] vector(int row) {
        rest();
        reader.load(row, 1);
        return reader.row(row).toArray();
    }

    private int[] assign(Centroids centroids, int[] of) {
        Centroids.Finder finder = centroids.new Finder();
        int[] groups = new int[of.length];
        for (int first = 0; first < of.length; ) {
            int end = first + 1;
            while (end < of.length && of[end] - of[first] < READ_ROWS) {
                end++;
            }
            reader.load(of[first], of[end - 1] - of[first] + 1);
            for (int i = first; i < end; i++) {
                groups[i] = finder.nearest(reader.row(of[i]), store.bits(of[i]));
            }
            first = end;
            rest();
        }
        return groups;
    }

    private Partitions group(Centroids centroids, int[] groups) {
        int[] starts = new int[centroids.count() + 1];
        for (int group : groups) {
            starts[group + 1]++;
        }
        Arrays.parallelPrefix(starts, Integer::sum);
        int[] next = starts.clone();
        int[] ordered = new int[rows.length];
        int[] positions = new int[rows[rows.length - 1] + 1];
        Arrays.fill(positions, -1);
        List<Rows> codes = new ArrayList<>();
        for (int done = 0; done < rows.length; done += Partitions.CHUNK_ROWS) {
            codes.add(new Rows(Math.min(Partitions.CHUNK_ROWS, rows.length - done), dimension));
        }
        for (int i = 0; i < rows.length; i++) {
            int position = next[groups[i]]++;
            ordered[position] = rows[i];
            positions[rows[i]] = position;
            store.copy(rows[i], codes.get(position / Partitions.CHUNK_ROWS), position % Partitions.CHUNK_ROWS);
        }
        return new Partitions(centroids, ordered, positions, starts, List.copyOf(codes));
    }

    private void rest() {
        long now = System.nanoTime();
        if (now - worked > WORK_NANOS) {
            LockSupport.parkNanos(now - worked);
            worked = System.nanoTime();
        }
    }
}
