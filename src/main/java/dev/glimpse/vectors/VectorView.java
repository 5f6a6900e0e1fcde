package dev.glimpse.vectors;

import dev.glimpse.vectors.Searchers.Searcher;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Searches a fixed set of rows of a {@link VectorIndex}. A search has four steps, each more exact and on fewer rows than the one before: the
 * Hamming distances of binary codes, cosines that are estimated by these, cosines of the candidates that are estimated by their finer codes, and the
 * true cosines of the best.
 *
 * <p>The set of rows never changes. Safe for use by several threads.
 */
public final class VectorView {
    /**
     * Rows that the second step estimates for each candidate. With twice the number, recall is higher by 0.01 at 100,000 rows, and by up to
     * 0.03 at a million.
     */
    private static final int ESTIMATES_PER_CANDIDATE = 8;

    /** Candidates that have so many estimates each. Of ten million rows, 4,000 with eight find as much as 6,000 with four, in a tenth less time. */
    private static final int FEW_CANDIDATES = 4096;

    /**
     * Estimates for each of many candidates, if that is more than so few candidates have: with eight, recall@1000 of 100,000 rows is higher by 0.001 to
     * 0.009, and a search takes a fifth to a half longer.
     */
    private static final int ESTIMATES_OF_MANY_CANDIDATES = 4;

    /** Vectors that are read at least. */
    private static final int LEAST_READ = 50;

    /**
     * Vectors that are read for each neighbor. By finer codes, 50 of 3,200 candidates have nearly all of the ten nearest of a million rows: a search
     * that reads no others has a recall of 0.988, and one that reads all 3,200 has 0.992. 2,000 of 8,000 have the thousand nearest: 0.922 beside 0.924.
     */
    private static final int READ_FOR_EACH_NEIGHBOR = 2;

    /**
     * One vector is read for so many candidates, so that recall comes nearer to 1 with more of them. Of ten million rows, 3,000 candidates have a
     * recall@10 of 0.959 with this, and of 0.954 with one vector for 50 of them.
     */
    private static final int CANDIDATES_FOR_EACH_READ = 32;

    /** Rows that are read in vain rather than beginning another read. */
    private static final int READ_OVER = 4;

    /** If less than one of so many rows is searched, codes are compared one by one: from there on that is quicker than all in blocks. */
    private static final int SPARSE = 4;

    /** With so many rows, or fewer, for each vector that would be read, all are read, so that none is missed. */
    private static final int EXACT_ROWS_FOR_EACH_READ = 2;

    /** Rows that an exact search compares on one thread, one after another: 16 MB of 512 dimensions. */
    private static final int ROWS_OF_SHARE = 1 << 13;

    /** An exact search of fewer rows takes less time than threads take to begin. */
    private static final int PARALLEL_ROWS = 2 * ROWS_OF_SHARE;

    private final int dimension;
    private final BitSet live;
    private final int size;
    /** Rows of the view that this one is a part of. */
    private final int whole;

    private final VectorIndex index;

    /** Whether there were too few rows for codes when the view was made. */
    private final boolean withoutCodes;

    private final Searchers searchers;

    /** The places of this view's rows in the newest partitions that a search has seen; null before the first. */
    private volatile @Nullable PartitionLayout layout;

    /**
     * @param live not copied
     * @param index that has these rows
     */
    VectorView(int dimension, BitSet live, VectorIndex index, Searchers searchers) {
        this(dimension, live, live.cardinality(), index, index.store() == null, searchers);
    }

    private VectorView(
            int dimension, BitSet live, int whole, VectorIndex index, boolean withoutCodes, Searchers searchers) {
        this.dimension = dimension;
        this.live = live;
        this.size = live.cardinality();
        this.whole = whole;
        this.index = index;
        this.withoutCodes = withoutCodes;
        this.searchers = searchers;
    }

    /** The number of rows. */
    public int size() {
        return size;
    }

    /**
     * Makes a view of those rows of this view that are among these. It shares all else with this one.
     *
     * @param rows may have others as well; not changed
     */
    public VectorView restrictedTo(BitSet rows) {
        BitSet both = (BitSet) live.clone();
        both.and(rows);
        return new VectorView(dimension, both, whole, index, withoutCodes, searchers);
    }

    /** Whether the index is closed, so that searches fail. Any thread may ask. */
    public boolean isClosed() {
        return searchers.isClosed();
    }

    /** Whether a search can leave out rows that are far from the query without comparing their codes. Any thread may ask. */
    public boolean isPartitioned() {
        CodeStore now = index.store();
        return now != null && now.partitions() != null;
    }

    /** Whether {@link #isPartitioned} will soon be true, or partitions of more rows are being built. Any thread may ask. */
    public boolean isSettling() {
        return index.isSettling();
    }

    /** Compares the codes of all rows: see {@link #nearest(float[], int, int, double)}. */
    public List<Hit> nearest(float[] query, int k, int candidates) {
        return nearest(query, k, candidates, 1);
    }

    /**
     * Finds at most {@code k} rows, nearest first. The distances are exact, but a true neighbor may be missing. The search is exact if
     * there are no more rows than twice the vectors that it would read.
     *
     * @param query of unit length
     * @param k at least 1
     * @param candidates rows whose finer codes are compared; less than {@code k} means {@code k}. Of the best of
     *     them the vectors are read: see {@link #vectorsRead}
     * @param share of the rows whose codes are compared at least, from 0 to 1. A view that is {@linkplain #restrictedTo restricted}
     *     compares as many rows as the one that it is a part of
     * @throws IllegalArgumentException if {@code k} is less than 1
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public List<Hit> nearest(float[] query, int k, int candidates, double share) {
        CodeStore now = index.store();
        if (now == null || isExact(k, candidates)) {
            return nearestExact(query, k);
        }
        int wanted = Math.max(candidates, k);
        BinaryCodes.Query coded = now.codes().query(query);
        return searchers.search(searcher -> {
            CodeScan scan = new CodeScan(now, query, coded, searcher);
            long estimates = estimates(wanted);
            searcher.nearer.start(wanted, CodeScan.LEVELS + 1);
            if (size <= estimates) {
                scan.estimate(live, searcher.nearer);
            } else {
                scan.start((int) estimates);
                scan(scan, now.partitions(), Math.max(estimates, (long) (share * whole)));
                scan.estimate(searcher.nearer);
            }
            TopK read = scan.best(searcher.nearer, vectorsRead(k, candidates));
            return rerank(query, read, searcher, k);
        });
    }

    /** How many vectors a search by codes reads at most. */
    public static int vectorsRead(int k, int candidates) {
        return Math.max(Math.max(LEAST_READ, READ_FOR_EACH_NEIGHBOR * k), candidates / CANDIDATES_FOR_EACH_READ);
    }

    private static long estimates(int candidates) {
        return Math.max(
                (long) Math.min(candidates, FEW_CANDIDATES) * ESTIMATES_PER_CANDIDATE,
                (long) candidates * ESTIMATES_OF_MANY_CANDIDATES);
    }

    /** Whether {@link #nearest} reads the vectors of all rows for so many neighbors and candidates, so that none is missing. */
    public boolean isExact(int k, int candidates) {
        return withoutCodes || size <= (long) EXACT_ROWS_FOR_EACH_READ * vectorsRead(k, candidates);
    }

    /** Finds the {@code k} nearest rows of all: see {@link #nearestExact(float[], int, float)}. */
    public List<Hit> nearestExact(float[] query, int k) {
        return nearestExact(query, k, 0);
    }

    /**
     * Finds the {@code k} nearest rows that are at least this far, nearest first; among equal distances, the lower row ids come first.
     * Reads the vectors of all rows; of many rows, with as many threads as there are processors.
     *
     * @param query of unit length
     * @param k the most rows that are found, at least 1
     * @param leastDistance of the rows that are found; 0 for all rows
     * @throws IllegalArgumentException if {@code k} is less than 1
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public List<Hit> nearestExact(float[] query, int k, float leastDistance) {
        return nearestExact(List.of(query), k, leastDistance).get(0);
    }

    /** Finds the nearest rows of several queries, each as {@link #nearestExact(float[], int, float)} does; reads the vectors once for all. */
    public List<List<Hit>> nearestExact(List<float[]> queries, int k, float leastDistance) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1: " + k);
        }
        List<QueryVector> vectors = queries.stream().map(QueryVector::new).toList();
        int most = Math.min(k, Math.max(1, size));
        Supplier<List<NearestNeighbors>> none = () -> Stream.generate(() -> new NearestNeighbors(most, leastDistance))
                .limit(queries.size())
                .toList();
        IntStream shares = IntStream.range(0, (live.length() + ROWS_OF_SHARE - 1) / ROWS_OF_SHARE);
        return (size < PARALLEL_ROWS ? shares : shares.parallel())
                        .mapToObj(share -> searchers.search(searcher -> {
                            List<NearestNeighbors> nearest = none.get();
                            compare(searcher.reader, share * ROWS_OF_SHARE, vectors, nearest);
                            return nearest;
                        }))
                        .reduce(VectorView::merge)
                        .orElseGet(none)
                        .stream()
                        .map(NearestNeighbors::hits)
                        .toList();
    }

    private static List<NearestNeighbors> merge(List<NearestNeighbors> some, List<NearestNeighbors> others) {
        for (int i = 0; i < some.size(); i++) {
            some.get(i).with(others.get(i));
        }
        return some;
    }

    /** Compares the rows of one share. */
    private void compare(
            FullPrecisionVectorFile.Reader reader,
            int from,
            List<QueryVector> queries,
            List<NearestNeighbors> nearest) {
        int to = from + ROWS_OF_SHARE;
        for (int row = live.nextSetBit(from); row >= 0 && row < to; ) {
            int end = endOfRun(row, Math.min(to, row + Searchers.EXACT_ROWS));
            reader.load(row, end - row);
            for (int i = row; i >= 0 && i < end; i = live.nextSetBit(i + 1)) {
                QueryVector.Row vector = reader.row(i);
                for (int query = 0; query < queries.size(); query++) {
                    nearest.get(query).add(i, queries.get(query).dot(vector));
                }
            }
            row = live.nextSetBit(end);
        }
    }

    /**
     * A copy of the vector of this row. Empty if the view does not have the row.
     *
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public Optional<float[]> vector(int row) {
        return live.get(row)
                ? Optional.of(searchers.search(searcher -> {
                    searcher.reader.load(row, 1);
                    return searcher.reader.row(row).toArray();
                }))
                : Optional.empty();
    }

    /**
     * Copies of the vectors of at most {@code count} rows, spread evenly.
     *
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public List<float[]> sample(int count) {
        int taken = Math.min(count, size);
        List<float[]> vectors = new ArrayList<>(taken);
        int row = live.nextSetBit(0);
        int before = 0;
        for (int i = 0; i < taken; i++) {
            for (long wanted = (long) i * size / taken; before < wanted; before++) {
                row = live.nextSetBit(row + 1);
            }
            vectors.add(vector(row).orElseThrow());
        }
        return vectors;
    }

    /** Where to end a read that begins with this row, because no more rows follow soon, or there is no more room. */
    private int endOfRun(int row, int most) {
        int end = Math.min(live.nextClearBit(row), most);
        while (end < most) {
            int next = live.nextSetBit(end);
            if (next < 0 || next >= most || next - end > READ_OVER) {
                break;
            }
            end = Math.min(live.nextClearBit(next), most);
        }
        return end;
    }

    /** @param most codes to compare of those in partitions, if not all */
    private void scan(CodeScan scan, @Nullable Partitions partitions, long most) {
        // Of the rows of partitions, as many are looked at for each that the view has as there are of all.
        double looked = partitions == null ? live.length() : (double) whole * Math.min(1, most / (double) size);
        if ((double) size * SPARSE < looked) {
            scan.compareOneByOne(live);
        } else if (partitions == null) {
            scan.compareBlocks(live);
        } else {
            PartitionLayout current = layout(partitions);
            scan.comparePartitions(current, most);
            scan.compareBlocks(current.later());
            scan.compareOneByOne(current.moved());
        }
    }

    private PartitionLayout layout(Partitions partitions) {
        PartitionLayout current = layout;
        if (current == null || !current.isOf(partitions)) {
            current = new PartitionLayout(partitions, live);
            layout = current;
        }
        return current;
    }

    private static List<Hit> rerank(float[] query, TopK rows, Searcher searcher, int k) {
        NearestNeighbors nearest = new NearestNeighbors(k, 0);
        QueryVector vector = new QueryVector(query);
        int count = rows.finish();
        for (int i = 0; i < count; i++) {
            int row = rows.row(i);
            searcher.reader.load(row, 1);
            nearest.add(row, vector.dot(searcher.reader.row(row)));
        }
        return nearest.hits();
    }
}
