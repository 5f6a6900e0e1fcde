package dev.glimpse.vectors;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How much a search by codes looks at, and the recall@k that it reaches.
 *
 * @param candidates rows that it compares by their finer codes; it reads the vectors of the best of them
 * @param share of the rows whose codes it compares, if they are in partitions; from 0 to 1
 * @param recall the measured share of the true neighbors that a search finds, from 0 to 1; NaN if it was not measured
 */
public record Oversampling(int candidates, double share, double recall) {
    /** A row within this distance is the query itself. Every search finds it, so it says nothing about the recall. */
    public static final double SELF = 1e-5;

    /** Candidates that calibration tries, at most; 10k if that is more. */
    private static final int MOST = 4096;

    // The bounds of mostOfSome. With the larger one, vectors of ten million rows that lie in clusters reach a recall of
    // 0.96, and calibration ends in minutes.
    private static final int LEAST_MOST_OF_SOME = 1024;
    private static final int LARGEST_MOST_OF_SOME = 8192;

    /** Candidates are found to one part in so many. */
    private static final int CLOSENESS = 10;

    private static final double LEAST_SHARE = 0.005;
    private static final double SHARE_STEP = 1.6;

    /** About what it takes to compare a code, measured with 100,000 and ten million rows. Only the ratio of both times matters. */
    private static final double NANOS_OF_CODE = 10;

    /** About what it takes to estimate eight cosines by binary codes, and one by a finer code. */
    private static final double NANOS_OF_CANDIDATE = 2_000;

    /**
     * Finds what takes the least time of all that reaches this recall@k. Candidates begin with 2k, at least 50, and each step adds two
     * fifths; the last step is halved until it is a tenth. If the rows are in partitions, shares of the codes are tried too, from 0.5 % on. If
     * nothing is enough, it returns the largest number of candidates among all rows, with the recall that this reaches.
     *
     * <p>Takes long: all queries together read all vectors, and each query runs one search in each step.
     *
     * @param queries vectors of unit length; they may be rows of the index
     * @param recall from 0 to 1
     * @throws IllegalArgumentException if there are no queries
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public static Oversampling calibrate(VectorView view, List<float[]> queries, int k, double recall) {
        if (queries.isEmpty()) {
            throw new IllegalArgumentException("recall is measured with queries, and there are none");
        }
        List<List<Hit>> truth = truth(view, queries, k);
        ToDoubleFunction<Oversampling> reached = tried -> recall(view, queries, truth, k, tried);
        ToDoubleFunction<Oversampling> cost =
                tried -> view.size() * tried.share * NANOS_OF_CODE + tried.candidates * NANOS_OF_CANDIDATE;
        @Nullable Oversampling best = null;
        for (double share = view.isPartitioned() ? LEAST_SHARE : 1; share < 1; share *= SHARE_STEP) {
            if (best != null && cost.applyAsDouble(best) <= cost.applyAsDouble(first(k, share))) {
                return best;
            }
            int most = mostOfSome(view.size(), k);
            if (reached.applyAsDouble(new Oversampling(most, share, Double.NaN)) >= recall) {
                best = cheaper(best, fewest(k, share, most, recall, reached), cost);
            }
        }
        Oversampling all = fewest(k, 1, Math.max(MOST, 10 * k), recall, reached);
        return best != null && all.recall < recall ? best : cheaper(best, all, cost);
    }

    /**
     * The true neighbors of each query, at most {@code k}: those of the {@code k + 1} nearest that are not the query itself. Among many rows with
     * equal vectors that may be fewer, or none; a search for {@code k + 1} cannot find more either. Reads all vectors once for all queries.
     *
     * @param queries vectors of unit length
     * @throws IllegalStateException if the index is closed
     * @throws SearchInterruptedException if the thread is interrupted
     */
    public static List<List<Hit>> truth(VectorView view, List<float[]> queries, int k) {
        return view.nearestExact(queries, k + 1, 0).stream()
                .map(hits -> others(hits, k))
                .toList();
    }

    /** Candidates that calibration tries where a part of the codes of these rows is compared. With more, comparing all codes takes no longer. */
    private static int mostOfSome(int rows, int k) {
        double most = rows * NANOS_OF_CODE / NANOS_OF_CANDIDATE;
        return Math.max(6 * k, (int) Math.min(LARGEST_MOST_OF_SOME, Math.max(LEAST_MOST_OF_SOME, most)));
    }

    private static Oversampling cheaper(
            @Nullable Oversampling first, Oversampling second, ToDoubleFunction<Oversampling> cost) {
        return first == null || cost.applyAsDouble(second) < cost.applyAsDouble(first) ? second : first;
    }

    /** No more candidates than the vectors that are read. */
    private static Oversampling first(int k, double share) {
        return new Oversampling(VectorView.vectorsRead(k, 0), share, Double.NaN);
    }

    private static Oversampling fewest(
            int k, double share, int most, double recall, ToDoubleFunction<Oversampling> reached) {
        Oversampling tried = first(k, share).measured(reached);
        int tooFew = 0;
        while (tried.recall < recall && tried.candidates < most) {
            tooFew = tried.candidates;
            tried = new Oversampling(Math.min(most, tooFew * 7 / 5), share, Double.NaN).measured(reached);
        }
        if (tooFew == 0 || tried.recall < recall) {
            return tried;
        }
        while (tried.candidates - tooFew > tooFew / CLOSENESS) {
            Oversampling between =
                    new Oversampling((tooFew + tried.candidates) / 2, share, Double.NaN).measured(reached);
            if (between.recall >= recall) {
                tried = between;
            } else {
                tooFew = between.candidates;
            }
        }
        return tried;
    }

    private Oversampling measured(ToDoubleFunction<Oversampling> reached) {
        return new Oversampling(candidates, share, reached.applyAsDouble(this));
    }

    private static List<Hit> others(List<Hit> hits, int k) {
        return hits.stream().filter(hit -> hit.distance() > SELF).limit(k).toList();
    }

    /** Counts a row as found if it is as near as the last true neighbor, because rows at equal distances may replace each other. */
    private static double recall(
            VectorView view, List<float[]> queries, List<List<Hit>> truth, int k, Oversampling tried) {
        long found = 0;
        long expected = 0;
        for (int i = 0; i < queries.size(); i++) {
            List<Hit> nearest = truth.get(i);
            if (!nearest.isEmpty()) {
                float last = nearest.get(nearest.size() - 1).distance();
                found += others(view.nearest(queries.get(i), k + 1, tried.candidates, tried.share), k).stream()
                        .filter(hit -> hit.distance() <= last)
                        .count();
            }
            expected += nearest.size();
        }
        return expected == 0 ? 1 : found / (double) expected;
    }
}
