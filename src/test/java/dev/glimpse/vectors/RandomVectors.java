package dev.glimpse.vectors;

import java.util.Random;

final class RandomVectors {
    private RandomVectors() {}

    /** A vector of unit length, in any direction with the same probability. */
    static float[] unit(Random random, int dimension) {
        float[] vector = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        Centroids.scaleToUnitLength(vector);
        return vector;
    }
}
