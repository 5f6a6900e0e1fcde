package dev.glimpse.vectors;

import java.util.List;

/**
 * How many rows a search reads again, and the recall@k that this was measured to give.
 *
 * @param candidates rows
 * @param recall share of the true neighbours that is found, 0 to 1
 */
public record Oversampling(int candidates, double recall) {
    /** A row so near is the query itself, which every search finds: that is no measure of how others are found. */
    public static final double SELF = 1e-5;

    /** Where the measuring stops, or at ten times {@code k} if that is more. */
    private static final int MOST = 4096;

    /**
     * The fewest, in steps of two fifths from twice {@code k}, with which these queries find so many of their {@code k} true
     * neighbours; the most if none do. Searches exactly once for each query, so takes a while. Queries may be rows.
     *
     * @param recall to be reached, 0 to 1
     */
    public static Oversampling calibrate(VectorIndex.View view, List<float[]> queries, int k, double recall) {
        if (queries.isEmpty()) {
            throw new IllegalArgumentException("recall is measured with queries, and there are none");
        }
        List<List<Hit>> truth = queries.stream()
                .map(query -> others(view.nearestExact(query, k + 1), k))
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

    /** Rows as near as the last true neighbour are as good. */
    private static double recall(
            VectorIndex.View view, List<float[]> queries, List<List<Hit>> truth, int k, int candidates) {
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
