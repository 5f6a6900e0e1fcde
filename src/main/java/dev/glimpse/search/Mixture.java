package dev.glimpse.search;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.vectors.Embedding;

/**
 * Adds up the terms of a query. With unit vectors {@code v} and weights {@code w} a query points to {@code w1 v1 + w2 v2 + ...}, scaled to
 * unit length; the weights of what is not wanted are negative. For one thread.
 */
final class Mixture {
    /** Below this share of all weights the rest is rounding. */
    private static final double NOTHING = 1e-4;

    private final double[] sum;
    private double weights;

    Mixture(int dimension) {
        sum = new double[dimension];
    }

    void add(Embedding vector, double weight) {
        float[] values = vector.toArray();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += weight * values[i];
        }
        weights += Math.abs(weight);
    }

    /** @throws InvalidQueryException if the terms cancel each other out */
    Embedding direction() {
        double squares = 0;
        float[] values = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            // Its share, because a float does not hold sums of very small weights.
            double share = sum[i] / weights;
            squares += share * share;
            values[i] = (float) share;
        }
        if (Math.sqrt(squares) < NOTHING) {
            throw new InvalidQueryException("the parts of the query cancel each other out, so nothing is asked for");
        }
        return Embedding.ofDirection(values);
    }
}
