package dev.glimpse.search;

import dev.glimpse.vectors.Embedding;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Estimates the chance that a hit of a text shows what was asked for. A distance alone does not say it: how near the nearest picture is to
 * something that no picture shows depends on the model, on the number of pictures, and on the text. So the similarity is measured from a
 * level that the table itself gives: how near its nearest pictures are to texts that mean nothing. And a text that tells the table's
 * pictures apart more than others do comes nearer to one of them by chance.
 *
 * <p>With the cosine similarity {@code s}, the level {@code m}, its spread {@code d}, the standard deviation {@code v} of the text's
 * similarities to a sample of the pictures, and the fragments {@code f} of the text, the relevance is {@code 1 / (1 + exp(-x))} with
 * {@code x = (4.3 (s - m) - 1.5 v) / d - 2.2 f - 3.8}: a logistic regression, fitted to labelled queries of three tables of 480 drawn scenes
 * each, as if half of all queries found something. Within one search it falls as the distance grows.
 *
 * @param level median of the cosine similarities of nearest pictures to texts that mean nothing
 * @param spread standard deviation of these similarities, above 0
 * @param sample vectors of some pictures of the table, at least one
 */
record Relevance(double level, double spread, List<Embedding> sample) {
    private static final double SLOPE = 4.3;
    private static final double DEVIATION = 1.5;
    private static final double FRAGMENT = 2.2;
    private static final double OFFSET = 3.8;

    /** Pictures that are all the same would make it 0. */
    private static final double LEAST_SPREAD = 1e-4;

    Relevance {
        if (!(spread > 0)) {
            throw new IllegalArgumentException("spread must be above 0: " + spread);
        }
        sample = List.copyOf(sample);
    }

    /** The relevance of the hits of one text, by their cosine distance: from 0 to 1. */
    @FunctionalInterface
    interface OfText {
        double at(double distance);
    }

    /** @param similarities of the nearest picture to each of the texts that mean nothing; at least one */
    static Relevance measured(double[] similarities, List<Embedding> sample) {
        double[] sorted = similarities.clone();
        Arrays.sort(sorted);
        return new Relevance(sorted[sorted.length / 2], Math.max(LEAST_SPREAD, deviation(sorted)), sample);
    }

    /**
     * How relevant hits of this text are.
     *
     * @param fragments of the text: see {@link dev.glimpse.embedding.TextEmbedding#fragments}
     * @throws IllegalArgumentException if the text's dimension is not that of the pictures
     */
    OfText of(Embedding text, int fragments) {
        double chance =
                DEVIATION * deviation(sample.stream().mapToDouble(text::cosine).toArray());
        return distance -> {
            double logOdds = (SLOPE * (1 - distance - level) - chance) / spread - FRAGMENT * fragments - OFFSET;
            return 1 / (1 + Math.exp(-logOdds));
        };
    }

    private static double deviation(double[] values) {
        double mean = DoubleStream.of(values).average().orElseThrow();
        double variance = DoubleStream.of(values)
                .map(value -> (value - mean) * (value - mean))
                .average()
                .orElseThrow();
        return Math.sqrt(variance);
    }
}
