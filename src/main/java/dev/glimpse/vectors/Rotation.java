package dev.glimpse.vectors;

import java.util.SplittableRandom;

/**
 * Splits vectors before they are quantized. Embeddings lie in a narrow cone, and the cones of pictures and of texts differ. So the direction that
 * all vectors have in common is left out, and the vector's share of it kept as a number. The rest is rotated, so that no dimension is much larger
 * than the others.
 *
 * <p>In symbols: {@code u} is the common direction, {@code x·u} is the share of a vector {@code x}, and {@code r = R(x - (x·u)u)} is its rotated
 * rest. The rotation {@code R} multiplies by random signs and applies a Walsh-Hadamard transform, which takes {@code d log d} steps for {@code d}
 * dimensions. The seed is fixed, so the same common direction always gives the same rests. Immutable. Safe for use by several threads.
 */
final class Rotation {
    private static final long SEED = 2024;

    private final float[] common;
    private final float[] direction;
    private final float[] signs;
    private final int power;

    /** @param common a vector in the common direction, of any length; all zeros mean that there is no common direction */
    Rotation(float[] common) {
        this.common = common.clone();
        direction = common.clone();
        double norm = Math.sqrt(BinaryCodes.dot(common, 0, common));
        for (int i = 0; i < common.length; i++) {
            direction[i] = norm == 0 ? 0 : (float) (common[i] / norm);
        }
        SplittableRandom random = new SplittableRandom(SEED);
        signs = new float[common.length];
        power = Integer.highestOneBit(common.length);
        for (int i = 0; i < common.length; i++) {
            signs[i] = random.nextBoolean() ? 1 : -1;
        }
    }

    /** What it was made with. A copy. */
    float[] common() {
        return common.clone();
    }

    int dimension() {
        return common.length;
    }

    /** @param vector not changed */
    SplitVector split(float[] vector) {
        float share = BinaryCodes.dot(vector, 0, direction);
        float[] rest = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            rest[i] = (vector[i] - share * direction[i]) * signs[i];
        }
        hadamard(rest, 0);
        if (power < rest.length) {
            // The dimension is no power of two: transform the last values too, which transforms those in the middle
            // twice.
            hadamard(rest, rest.length - power);
        }
        return new SplitVector(share, rest);
    }

    /** Transforms {@code power} values, beginning at this index, by the fast Walsh-Hadamard transform. Keeps their norm. */
    private void hadamard(float[] values, int from) {
        for (int half = 1; half < power; half *= 2) {
            for (int start = from; start < from + power; start += 2 * half) {
                for (int i = start; i < start + half; i++) {
                    float left = values[i];
                    float right = values[i + half];
                    values[i] = left + right;
                    values[i + half] = left - right;
                }
            }
        }
        float scale = (float) (1 / Math.sqrt(power));
        for (int i = from; i < from + power; i++) {
            values[i] *= scale;
        }
    }
}
