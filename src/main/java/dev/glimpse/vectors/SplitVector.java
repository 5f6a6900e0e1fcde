package dev.glimpse.vectors;

/** A vector as {@link Rotation} has split it. For one thread at a time. */
final class SplitVector {
    private final float share;
    private final float[] rest;

    /** @param rest not copied */
    SplitVector(float share, float[] rest) {
        this.share = share;
        this.rest = rest;
    }

    /** The vector's share of the common direction. */
    float share() {
        return share;
    }

    /** The rotated rest, not copied. */
    float[] rest() {
        return rest;
    }
}
