package dev.glimpse.testing;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Generates embeddings for tests and benchmarks: 512 dimensions, unit length. The same seed and number always give the same vector.
 *
 * <p>A row is the centre of a cluster, of length 1, plus noise of length about 1. The variance of the noise falls like 1/j over 512
 * rotated axes, which makes 28 effective dimensions. The sizes of the clusters fall like 1/j too. Queries are further draws from the
 * same distribution. Safe for use by several threads.
 */
public final class ClusteredVectors {
    public static final int DIMENSION = 512;

    private static final int ROTATIONS = 3;

    private final long seed;
    private final double cone;
    private final boolean isotropic;
    private final float[][] centres;
    private final double[] cumulative;
    private final float[] deviations = new float[DIMENSION];
    private final float[][] signs = new float[ROTATIONS][DIMENSION];
    private final float[] common;
    private final float[] commonOfQueries;

    private ClusteredVectors(long seed, int clusters, double cone, boolean isotropic) {
        this.seed = seed;
        this.cone = cone;
        this.isotropic = isotropic;
        SplittableRandom random = new SplittableRandom(seed);
        centres = new float[clusters][];
        cumulative = new double[clusters];
        double total = 0;
        for (int i = 0; i < clusters; i++) {
            centres[i] = direction(random);
            total += 1.0 / (i + 1);
            cumulative[i] = total;
        }
        for (int i = 0; i < clusters; i++) {
            cumulative[i] /= total;
        }
        double variance = 0;
        for (int i = 1; i <= DIMENSION; i++) {
            variance += 1.0 / i;
        }
        for (int i = 0; i < DIMENSION; i++) {
            deviations[i] = (float) Math.sqrt(1.0 / (i + 1) / variance);
            for (float[] round : signs) {
                round[i] = random.nextBoolean() ? 1 : -1;
            }
        }
        common = direction(random);
        commonOfQueries = direction(random);
        for (int i = 0; i < DIMENSION; i++) {
            // Two random directions are nearly at right angles, so the cosine between both becomes about 0.2.
            commonOfQueries[i] = (float) (0.2 * common[i] + Math.sqrt(0.96) * commonOfQueries[i]);
        }
    }

    /** Clusters around the origin. */
    public static ClusteredVectors aroundOrigin(long seed, int clusters) {
        return new ClusteredVectors(seed, clusters, 0, false);
    }

    /**
     * Clusters in cones, like the embeddings of CLIP: the mean cosine of two rows is 0.6, and so is that of two queries. Rows and
     * queries have different mean directions. A query and its neighbors share a cluster.
     */
    public static ClusteredVectors inCones(long seed, int clusters) {
        return new ClusteredVectors(seed, clusters, Math.sqrt(3), false);
    }

    /** Random directions without any clusters: the hardest case. */
    public static ClusteredVectors isotropic(long seed) {
        return new ClusteredVectors(seed, 1, 0, true);
    }

    public float[] row(long number) {
        return draw(new SplittableRandom(seed + 2 * number).split(), common);
    }

    public float[] query(long number) {
        return draw(new SplittableRandom(seed + 2 * number + 1).split(), commonOfQueries);
    }

    private float[] draw(SplittableRandom random, float[] mean) {
        if (isotropic) {
            return direction(random);
        }
        int found = Arrays.binarySearch(cumulative, random.nextDouble());
        float[] centre = centres[found < 0 ? -1 - found : found];
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian() * deviations[i];
        }
        for (float[] round : signs) {
            rotate(vector, round);
        }
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] += centre[i] + (float) cone * mean[i];
        }
        return unit(vector);
    }

    private static float[] direction(SplittableRandom random) {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return unit(vector);
    }

    private static float[] unit(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += value * value;
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] /= (float) Math.sqrt(squares);
        }
        return vector;
    }

    /** Random signs and a Walsh-Hadamard transform. Several rounds of it replace a random rotation. */
    private static void rotate(float[] vector, float[] signs) {
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] *= signs[i] / (float) Math.sqrt(DIMENSION);
        }
        for (int half = 1; half < DIMENSION; half *= 2) {
            for (int start = 0; start < DIMENSION; start += 2 * half) {
                for (int i = start; i < start + half; i++) {
                    float left = vector[i];
                    vector[i] = left + vector[i + half];
                    vector[i + half] = left - vector[i + half];
                }
            }
        }
    }
}
