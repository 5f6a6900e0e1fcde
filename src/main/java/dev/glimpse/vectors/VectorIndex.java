package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The vectors of the table, made for finding the nearest: a code of one bit per dimension for each row in memory, 72 bytes
 * for 512 dimensions, and the vector itself in a local file. A search compares the codes of all rows, estimates for the
 * nearest of these, and reads the vectors of the nearest again.
 *
 * <p>Rows are known by their stable row id, which counts up from 0 and may leave out some; what a removed row took stays
 * taken. One thread puts rows and makes views; any number of threads search the views meanwhile.
 */
public final class VectorIndex implements AutoCloseable {
    /** The direction of the mean of so many rows, the first, is what the codes leave out. Until then searches are exact. */
    static final int ROWS_OF_MEAN = 1024;

    /** Rows that are estimated for each that is read. Twice as many: recall up 0.01 at 100,000 rows, up to 0.03 at a million. */
    private static final int CANDIDATES_ESTIMATED = 8;

    /** Steps of the estimate, each far smaller than its error. */
    private static final int ESTIMATE_LEVELS = 4096;

    private static final int CHUNK_ROWS = 1 << 16;
    private static final int MAX_ROWS = 1 << 30;

    /** Read at once by an exact search: 128 KB for 512 dimensions, which stay in the cache. */
    private static final int EXACT_ROWS = 64;

    private final int dimension;
    private final FullPrecisionVectorFile file;
    private final Queue<Searcher> idle = new ConcurrentLinkedQueue<>();
    private final BitSet held = new BitSet();
    /** The vectors that make the mean, as long as there is none. */
    private final Map<Integer, float[]> first = new HashMap<>();

    private List<Rows> chunks = List.of();
    private @Nullable BinaryCodes codes;
    private volatile boolean closed;

    /**
     * Begins empty.
     *
     * @param folder local, for a file of 4 bytes per row and dimension that goes when this is closed
     */
    public VectorIndex(Path folder, int dimension) {
        this.dimension = dimension;
        file = new FullPrecisionVectorFile(folder, dimension);
    }

    /** Whether this row was put; also when no view has it. For the thread that puts. */
    public boolean holds(long rowId) {
        return rowId < held.length() && held.get((int) rowId);
    }

    /**
     * Adds a row; views that exist do not see it.
     *
     * @param vector of unit length, float32
     * @throws IllegalArgumentException if the row is held already, or the vector has another dimension
     */
    public void put(long rowId, float[] vector) {
        requireOpen();
        if (holds(rowId)) {
            throw new IllegalArgumentException("not a new row: " + rowId);
        }
        replace(rowId, vector);
    }

    /**
     * Adds the row, or gives it another vector. Views that exist see the new one too; a search that is under way may see it half.
     *
     * @param vector of unit length, float32
     * @throws IllegalArgumentException if the vector has another dimension
     */
    public void replace(long rowId, float[] vector) {
        requireOpen();
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
     * What searches see of this from now on, whatever is put later.
     *
     * @param live row ids
     * @throws IllegalArgumentException if one of them was never put
     */
    public View view(BitSet live) {
        BitSet missing = (BitSet) live.clone();
        missing.andNot(held);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("never put: row " + missing.nextSetBit(0));
        }
        return new View((BitSet) live.clone(), chunks, codes);
    }

    /** Removes the file. Searches that run come to their end, later ones fail. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            closeIdle();
            file.close();
        }
    }

    private void closeIdle() {
        for (Searcher searcher = idle.poll(); searcher != null; searcher = idle.poll()) {
            searcher.reader.close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the vectors are closed");
        }
    }

    /** What one search needs, used again by the next: as many as there are searches at the same time. */
    private final class Searcher {
        private final FullPrecisionVectorFile.Reader reader = file.reader(EXACT_ROWS);
        private final int[] distances = new int[BinaryCodes.BLOCK_ROWS];
        private final TopK near = new TopK();
        private final TopK nearer = new TopK();
    }

    private <T> T search(Function<Searcher, T> work) {
        requireOpen();
        Searcher searcher = idle.poll();
        if (searcher == null) {
            searcher = newSearcher();
        }
        boolean done = false;
        try {
            T result = work.apply(searcher);
            done = true;
            return result;
        } finally {
            if (done) {
                idle.add(searcher);
            } else {
                searcher.reader.close();
            }
            if (closed) {
                closeIdle();
            }
        }
    }

    private Searcher newSearcher() {
        try {
            return new Searcher();
        } catch (RuntimeException e) {
            // Closed since it was asked.
            requireOpen();
            throw e;
        }
    }

    /** The rows that were live at one moment. Never changes; safe to share. */
    public final class View {
        private final BitSet live;
        private final int size;
        private final List<Rows> chunks;
        private final @Nullable BinaryCodes codes;

        private View(BitSet live, List<Rows> chunks, @Nullable BinaryCodes codes) {
            this.live = live;
            this.size = live.cardinality();
            this.chunks = chunks;
            this.codes = codes;
        }

        public int size() {
            return size;
        }

        /**
         * At most {@code k} rows, nearest first; distances are exact, a true neighbour may be missing. All rows are read if
         * there are no more than candidates.
         *
         * @param query of unit length
         * @param k at least 1
         * @param candidates rows that are read; {@code k} if it is less than that
         * @throws IllegalStateException if the memory is closed
         * @throws SearchInterruptedException if the thread is interrupted
         */
        public List<Hit> nearest(float[] query, int k, int candidates) {
            int read = Math.max(candidates, k);
            if (codes == null || size <= read) {
                return nearestExact(query, k);
            }
            BinaryCodes.Query coded = codes.query(query);
            return search(searcher -> {
                scan(coded, searcher, (int) Math.min((long) read * CANDIDATES_ESTIMATED, size));
                estimate(coded, searcher, read);
                return read(query, searcher, k);
            });
        }

        /** The {@code k} rows that are nearest, nearest first; of equal distances the lower row ids. Reads all vectors. */
        public List<Hit> nearestExact(float[] query, int k) {
            NearestNeighbors nearest = new NearestNeighbors(Math.min(k, Math.max(1, size)));
            return search(searcher -> {
                for (int row = live.nextSetBit(0); row >= 0; ) {
                    int end = Math.min(row + EXACT_ROWS, live.length());
                    float[] vectors = searcher.reader.read(row, end - row);
                    for (int i = row; i >= 0 && i < end; i = live.nextSetBit(i + 1)) {
                        nearest.add(i, BinaryCodes.dot(vectors, (i - row) * dimension, query));
                    }
                    row = live.nextSetBit(end);
                }
                return nearest.hits();
            });
        }

        private void scan(BinaryCodes.Query query, Searcher searcher, int wanted) {
            TopK near = searcher.near;
            near.start(wanted, dimension + 1);
            int[] distances = searcher.distances;
            for (int row = live.nextSetBit(0); row >= 0; ) {
                int start = row - row % distances.length;
                int count = Math.min(distances.length, live.length() - start);
                query.distances(chunks.get(start / CHUNK_ROWS), start % CHUNK_ROWS, count, distances);
                keep(near, distances, start, count);
                row = live.nextSetBit(start + count);
            }
        }

        private void keep(TopK near, int[] distances, int start, int count) {
            int bound = near.bound();
            for (int group = 0; group < count; group += 8) {
                // Eight at a time, because hardly a row is near enough: measured a quarter faster than one by one.
                if (least(distances, group) < bound) {
                    for (int i = group; i < Math.min(group + 8, count); i++) {
                        if (distances[i] < bound && live.get(start + i)) {
                            near.add(start + i, distances[i]);
                            bound = near.bound();
                        }
                    }
                }
            }
        }

        private static int least(int[] of, int at) {
            int first = Math.min(Math.min(of[at], of[at + 1]), Math.min(of[at + 2], of[at + 3]));
            int second = Math.min(Math.min(of[at + 4], of[at + 5]), Math.min(of[at + 6], of[at + 7]));
            return Math.min(first, second);
        }

        private void estimate(BinaryCodes.Query query, Searcher searcher, int wanted) {
            TopK nearer = searcher.nearer;
            nearer.start(wanted, ESTIMATE_LEVELS + 1);
            int count = searcher.near.finish();
            for (int i = 0; i < count; i++) {
                int row = searcher.near.row(i);
                float cosine = query.cosine(chunks.get(row / CHUNK_ROWS), row % CHUNK_ROWS);
                int level = (int) (Math.min(1, Math.max(0, (1 - cosine) / 2)) * ESTIMATE_LEVELS);
                if (level < nearer.bound()) {
                    nearer.add(row, level);
                }
            }
        }

        private List<Hit> read(float[] query, Searcher searcher, int k) {
            NearestNeighbors nearest = new NearestNeighbors(k);
            int count = searcher.nearer.finish();
            for (int i = 0; i < count; i++) {
                int row = searcher.nearer.row(i);
                nearest.add(row, BinaryCodes.dot(searcher.reader.read(row, 1), 0, query));
            }
            return nearest.hits();
        }
    }
}
