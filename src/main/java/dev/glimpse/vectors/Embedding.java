package dev.glimpse.vectors;

import java.util.Arrays;

/** The vector that a model gives for a picture or a text. Its length is 1. Immutable: the array is copied in and out. */
public final class Embedding {
    /** The norm may differ from 1 by this much. The rounding of float32 over a few hundred dimensions is far smaller. */
    private static final double NORM_TOLERANCE = 1e-3;

    private final float[] values;

    /**
     * Scales the values to length 1.
     *
     * @throws IllegalArgumentException if a value is not finite, or if all values are 0
     */
    public static Embedding ofDirection(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        float[] unit = new float[values.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (values[i] / Math.sqrt(squares));
        }
        return new Embedding(unit);
    }

    /**
     * Copies the values.
     *
     * @throws IllegalArgumentException if a value is not finite, or if the norm differs from 1 by more than 0.001
     */
    public Embedding(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        // Written so that NaN fails as well.
        if (!(Math.abs(Math.sqrt(squares) - 1) <= NORM_TOLERANCE)) {
            throw new IllegalArgumentException("not of unit length: norm " + Math.sqrt(squares));
        }
        this.values = values.clone();
    }

    /** The number of values. */
    public int dimension() {
        return values.length;
    }

    /** A copy of the values. */
    public float[] toArray() {
        return values.clone();
    }

    /**
     * The cosine of the angle between the two vectors, from -1 to 1.
     *
     * @throws IllegalArgumentException if the dimensions differ
     */
    public double cosine(Embedding other) {
        if (other.values.length != values.length) {
            throw new IllegalArgumentException("dimensions differ: " + values.length + " and " + other.values.length);
        }
        double dot = 0;
        for (int i = 0; i < values.length; i++) {
            dot += (double) values[i] * other.values[i];
        }
        return dot;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Embedding that && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Embedding[" + values.length + "]";
    }
}
