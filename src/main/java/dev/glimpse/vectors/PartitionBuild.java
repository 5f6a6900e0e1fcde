package dev.glimpse.vectors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
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

    /** Centroids of one round, the sums for the next, what they come to, and those that searches use meanwhile. */
    private static final int COPIES_OF_CENTROIDS = 4;

    private static final int READ_ROWS = 32;

    /** Codes that are copied between two looks at the clock: some tens of microseconds. */
    private static final int COPIED_ROWS = 256;

    private static final long WORK_NANOS = 5_000_000;
    private static final long SEED = 2025;

    private final Path folder;
    private final CodeStore store;
    private final FullPrecisionVectorFile.Reader reader;
    private final int dimension;
    private final BitSet rows;
    private final int count;
    private long worked = System.nanoTime();

    /**
     * @param folder for files
     * @param store has the codes of all these rows
     * @param reader not closed here
     * @param rows that the partitions are to have, at least one; not copied
     */
    PartitionBuild(Path folder, CodeStore store, FullPrecisionVectorFile.Reader reader, int dimension, BitSet rows) {
        this.folder = folder;
        this.store = store;
        this.reader = reader;
        this.dimension = dimension;
        this.rows = rows;
        this.count = rows.cardinality();
    }

    /** @throws UncheckedIOException if the partitions would take space of the disk that others need */
    void requireRoom(DiskSpace space) {
        long bytes = diskBytes(count, dimension);
        if (space.lacks(bytes)) {
            throw new UncheckedIOException(new IOException("too little space in " + folder + " for " + bytes
                    + " bytes of partitions: " + space.free() + " bytes are free"));
        }
    }

    /** About how many bytes of the disk the partitions of so many rows take, with the file that is needed while they are built. */
    static long diskBytes(long rows, int dimension) {
        return rows * (BinaryCodes.Rows.bytesPerRow(dimension) + 3L * Integer.BYTES);
    }

    /**
     * Groups the rows. Codes that are replaced meanwhile may be missing in the result. The caller closes it. After a failure there is no file.
     *
     * @throws SearchInterruptedException if the thread is interrupted
     * @throws UncheckedIOException if the disk is full; that is known before the work begins
     */
    Partitions run() {
        return run(new PartitionFiles(folder, rows, dimension));
    }

    /** @param files empty; closed after a failure */
    Partitions run(PartitionFiles files) {
        try (MappedInts groups = new MappedInts(folder, "groups", rows.length(), 0)) {
            files.open(this::rest);
            groups.open(rows, this::rest);
            Centroids centroids = centroids();
            int[] starts = new int[centroids.count() + 1];
            assign(centroids, rows, (row, vector, group) -> {
                groups.set(row, group);
                starts[group + 1]++;
            });
            Arrays.parallelPrefix(starts, Integer::sum);
            fill(files, groups, starts.clone());
            return new Partitions(files, centroids, starts);
        } catch (RuntimeException | Error e) {
            files.close();
            throw e;
        }
    }

    private Centroids centroids() {
        Partitions earlier = store.partitions();
        return earlier != null && count < (long) GROWTH * earlier.centroids().trainedRows()
                ? earlier.centroids()
                : train();
    }

    /** About how many bytes of the heap it takes to find the centroids of so many rows. */
    static long heapBytes(long rows, int dimension) {
        return (long) COPIES_OF_CENTROIDS * partitions(rows) * dimension * Float.BYTES;
    }

    private static int partitions(long rows) {
        return (int) Math.min(rows, (long) (PARTITIONS * Math.sqrt((double) rows)));
    }

    private Centroids train() {
        int wanted = partitions(count);
        BitSet sample = sample(wanted * SAMPLE);
        Random random = new Random(SEED);
        int[] sampled = sample.stream().toArray();
        List<Integer> order = new ArrayList<>();
        for (int row : sampled) {
            order.add(row);
        }
        Collections.shuffle(order, random);
        float[][] vectors = new float[wanted][];
        for (int i = 0; i < wanted; i++) {
            vectors[i] = vector(order.get(i));
        }
        Centroids centroids = new Centroids(vectors, store.codes(), count);
        for (int round = 0; round < ROUNDS; round++) {
            float[][] sums = new float[wanted][dimension];
            assign(centroids, sample, (row, vector, group) -> Centroids.add(vector.toArray(), sums[group]));
            for (float[] sum : sums) {
                if (!Centroids.scaleToUnitLength(sum)) {
                    // No row is near it.
                    float[] any = vector(sampled[random.nextInt(sampled.length)]);
                    System.arraycopy(any, 0, sum, 0, dimension);
                }
            }
            centroids = new Centroids(sums, store.codes(), count);
        }
        return centroids;
    }

    /** So many of the rows, or all if they are not more. */
    private BitSet sample(int most) {
        if (most >= count) {
            return rows;
        }
        BitSet sample = new BitSet();
        new Random(SEED)
                .ints(0, rows.length())
                .filter(rows::get)
                .distinct()
                .limit(most)
                .forEach(sample::set);
        return sample;
    }

    private float[] vector(int row) {
        rest();
        reader.load(row, 1);
        return reader.row(row).toArray();
    }

    private interface Assigned {
        /** @param vector of the row, valid during the call */
        void row(int row, QueryVector.Row vector, int group);
    }

    private void assign(Centroids centroids, BitSet of, Assigned assigned) {
        Centroids.Finder finder = centroids.new Finder();
        for (int first = of.nextSetBit(0); first >= 0; ) {
            int end = of.previousSetBit(first + READ_ROWS - 1) + 1;
            reader.load(first, end - first);
            for (int row = first; row >= 0 && row < end; row = of.nextSetBit(row + 1)) {
                QueryVector.Row vector = reader.row(row);
                assigned.row(row, vector, finder.nearest(vector, store.bits(row)));
            }
            first = of.nextSetBit(end);
            rest();
        }
    }

    /** @param next where the next row of each group comes; overwritten */
    private void fill(PartitionFiles files, MappedInts groups, int[] next) {
        int done = 0;
        for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
            files.set(next[groups.get(row)]++, row, store);
            if (++done % COPIED_ROWS == 0) {
                rest();
            }
        }
    }

    /** @throws SearchInterruptedException if the thread is interrupted */
    private void rest() {
        if (Thread.currentThread().isInterrupted()) {
            throw new SearchInterruptedException(new InterruptedException("the rows need not be grouped any more"));
        }
        long now = System.nanoTime();
        if (now - worked > WORK_NANOS) {
            LockSupport.parkNanos(now - worked);
            worked = System.nanoTime();
        }
    }
}
