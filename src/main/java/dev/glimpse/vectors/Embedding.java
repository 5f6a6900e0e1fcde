package dev.glimpse.vectors;

import java.util.Arrays;

/** A point of unit length in the model's space, of a picture or of words. Immutable: the array is copied in and out. */
public final class Embedding {
    /** How far the norm may be from one: float32 rounding over a few hundred dimensions stays well inside. */
    private static final double NORM_TOLERANCE = 1e-3;

    private final float[] values;

    /**
     * The point of unit length in the direction of the values.
     *
     * @throws IllegalArgumentException if a value is not finite or all are 0
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

    /** @throws IllegalArgumentException if a value is not finite or the norm is not 1 within 0.001 */
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

    public int dimension() {
        return values.length;
    }

    public float[] toArray() {
        return values.clone();
    }

    /** The cosine of the angle between both, -1 to 1. */
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
