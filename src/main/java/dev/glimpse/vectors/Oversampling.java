package dev.glimpse.vectors;

import java.util.List;

/**
 * The number of candidates that a search by codes compares in full precision, and the recall@k that it reaches.
 *
 * @param candidates rows
 * @param recall the measured share of the true neighbors that a search finds, from 0 to 1; NaN if it was not measured
 */
public record Oversampling(int candidates, double recall) {
    /** A row within this distance is the query itself. Every search finds it, so it says nothing about the recall. */
    public static final double SELF = 1e-5;

    /** Candidates that calibration tries, at most; 10k if that is more. */
    private static final int MOST = 4096;

    /**
     * Finds the smallest number of candidates with which the queries reach this recall@k. It begins with 2k, at least 50, and adds
     * two fifths in each step. If no number is enough, it returns the largest one, with the recall that this reaches.
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
        List<List<Hit>> truth = view.nearestExact(queries, k + 1, 0).stream()
                .map(hits -> others(hits, k))
                .toList();
        int most = Math.max(MOST, 10 * k);
        int count = Math.max(2 * k, 50);
        while (true) {
            double reached = recall(view, queries, truth, k, count);
            if (reached >= recall || count == most) {
                return new Oversampling(count, reached);
            }
            count = Math.min(most, count * 7 / 5);
        }
    }

    private static List<Hit> others(List<Hit> hits, int k) {
        return hits.stream().filter(hit -> hit.distance() > SELF).limit(k).toList();
    }

    /** Counts a row as found if it is as near as the last true neighbor, because rows at equal distances may replace each other. */
    private static double recall(VectorView view, List<float[]> queries, List<List<Hit>> truth, int k, int candidates) {
        long found = 0;
        long expected = 0;
        for (int i = 0; i < queries.size(); i++) {
            List<Hit> nearest = truth.get(i);
            if (!nearest.isEmpty()) {
                float last = nearest.get(nearest.size() - 1).distance();
                found += others(view.nearest(queries.get(i), k + 1, candidates), k).stream()
                        .filter(hit -> hit.distance() <= last)
                        .count();
            }
            expected += nearest.size();
        }
        return expected == 0 ? 1 : found / (double) expected;
    }
}
