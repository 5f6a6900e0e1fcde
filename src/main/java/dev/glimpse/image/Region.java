package dev.glimpse.image;

/**
 * A part of a picture, in pixels of the upright original.
 *
 * @param x of its left edge, from 0 on
 * @param y of its upper edge, from 0 on
 * @param width at least 1
 * @param height at least 1
 */
public record Region(int x, int y, int width, int height) {
    /** Checks the numbers. */
    public Region {
        if (x < 0 || y < 0 || width < 1 || height < 1) {
            throw new IllegalArgumentException("no part of a picture: " + x + "," + y + "," + width + "," + height);
        }
    }

    /** Whether all of it is in a picture of this size. */
    public boolean isWithin(int pictureWidth, int pictureHeight) {
        return (long) x + width <= pictureWidth && (long) y + height <= pictureHeight;
    }

    /** The shorter side. */
    int shortSide() {
        return Math.min(width, height);
    }
}
