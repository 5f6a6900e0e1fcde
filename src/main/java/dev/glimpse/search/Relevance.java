package dev.glimpse.search;

import java.util.Arrays;

/**
 * Estimates the chance that a hit of a text shows what was asked for. A distance alone does not say it: how near the nearest picture is to
 * something that no picture shows depends on the model and on the number of pictures. So the similarity is measured from a level that the
 * table itself gives: how near its nearest pictures are to texts that mean nothing.
 *
 * <p>With the cosine similarity {@code s}, the level {@code m}, its spread {@code d} and the fragments {@code f} of the text, the relevance is
 * {@code 1 / (1 + exp(-(4 (s - m) / d - 2.2 f - 6.4)))}: a logistic regression, fitted to labelled queries of two tables of 480 drawn
 * scenes each, as if half of all queries found something. Within one search it falls as the distance grows.
 *
 * @param level median of the cosine similarities of nearest pictures to texts that mean nothing
 * @param spread standard deviation of these similarities, above 0
 */
record Relevance(double level, double spread) {
    private static final double SLOPE = 4.0;
    private static final double FRAGMENT = 2.2;
    private static final double OFFSET = 6.4;

    /** Pictures that are all the same would make it 0. */
    private static final double LEAST_SPREAD = 1e-4;

    Relevance {
        if (!(spread > 0)) {
            throw new IllegalArgumentException("spread must be above 0: " + spread);
        }
    }

    /** @param similarities of the nearest picture to each of the texts that mean nothing; at least one */
    static Relevance measured(double[] similarities) {
        double[] sorted = similarities.clone();
        Arrays.sort(sorted);
        double mean = Arrays.stream(sorted).average().orElseThrow();
        double variance = Arrays.stream(sorted)
                .map(similarity -> (similarity - mean) * (similarity - mean))
                .average()
                .orElseThrow();
        return new Relevance(sorted[sorted.length / 2], Math.max(LEAST_SPREAD, Math.sqrt(variance)));
    }

    /**
     * The relevance of a hit, from 0 to 1.
     *
     * @param distance cosine distance of the hit
     * @param fragments of the text that was searched for: see {@link dev.glimpse.embedding.TextEmbedding#fragments}
     */
    double of(double distance, int fragments) {
        double logOdds = SLOPE * (1 - distance - level) / spread - FRAGMENT * fragments - OFFSET;
        return 1 / (1 + Math.exp(-logOdds));
    }
}
