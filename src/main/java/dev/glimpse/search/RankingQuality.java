package dev.glimpse.search;

import java.util.List;
import java.util.Set;

/**
 * How well rankings agree with labels, each as a mean over all queries, from 0 to 1. A picture is relevant or not; there are no grades.
 *
 * <ul>
 *   <li>{@code recall@k}: the share of a query's relevant pictures that are among its first k hits. A query with more than k of them cannot
 *       reach 1. Manning, Raghavan, Schütze, Introduction to Information Retrieval, 2008, chapter 8.
 *   <li>{@code nDCG@10}: a relevant hit at rank r counts {@code 1 / log2(r + 1)}; the sum over the first 10 hits, divided by the largest that
 *       there could be. Järvelin, Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4), 2002.
 *   <li>{@code MRR}: one divided by the rank of the first relevant hit, 0 if there is none among the first 10. Voorhees, The TREC-8 Question
 *       Answering Track Report, 1999.
 * </ul>
 */
record RankingQuality(double recallAt1, double recallAt5, double recallAt10, double ndcgAt10, double mrr) {
    /** Hits of a query that are looked at. */
    static final int DEPTH = 10;

    /**
     * The quality of one ranking.
     *
     * @param ranking ids, the first one first, none twice
     * @param relevant at least one
     */
    static RankingQuality of(List<String> ranking, Set<String> relevant) {
        double gain = 0;
        double ideal = 0;
        double reciprocal = 0;
        for (int rank = 1; rank <= DEPTH; rank++) {
            double discounted = Math.log(2) / Math.log(rank + 1);
            if (rank <= relevant.size()) {
                ideal += discounted;
            }
            if (rank <= ranking.size() && relevant.contains(ranking.get(rank - 1))) {
                gain += discounted;
                reciprocal = reciprocal == 0 ? 1.0 / rank : reciprocal;
            }
        }
        return new RankingQuality(
                recall(ranking, relevant, 1),
                recall(ranking, relevant, 5),
                recall(ranking, relevant, DEPTH),
                gain / ideal,
                reciprocal);
    }

    /** @param each at least one */
    static RankingQuality mean(List<RankingQuality> each) {
        return new RankingQuality(
                each.stream().mapToDouble(RankingQuality::recallAt1).average().orElseThrow(),
                each.stream().mapToDouble(RankingQuality::recallAt5).average().orElseThrow(),
                each.stream().mapToDouble(RankingQuality::recallAt10).average().orElseThrow(),
                each.stream().mapToDouble(RankingQuality::ndcgAt10).average().orElseThrow(),
                each.stream().mapToDouble(RankingQuality::mrr).average().orElseThrow());
    }

    private static double recall(List<String> ranking, Set<String> relevant, int k) {
        return ranking.stream().limit(k).filter(relevant::contains).count() / (double) relevant.size();
    }
}
