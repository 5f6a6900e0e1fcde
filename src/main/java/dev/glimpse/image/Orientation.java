package dev.glimpse.image;

/** How a camera was held: where the stored pixels belong in the upright picture. The numbers are EXIF's, 1 to 8. */
enum Orientation {
    UPRIGHT(false, false, false),
    MIRRORED(false, true, false),
    UPSIDE_DOWN(false, true, true),
    FLIPPED(false, false, true),
    TRANSPOSED(true, false, false),
    TURNED_LEFT(true, true, false),
    TRANSVERSED(true, true, true),
    TURNED_RIGHT(true, false, true);

    private final boolean swapsSides;
    private final boolean fromTheRight;
    private final boolean fromTheBottom;

    Orientation(boolean swapsSides, boolean fromTheRight, boolean fromTheBottom) {
        this.swapsSides = swapsSides;
        this.fromTheRight = fromTheRight;
        this.fromTheBottom = fromTheBottom;
    }

    /** A number outside 1 to 8 means nothing, so the pixels stay as they are. */
    static Orientation of(int exif) {
        return exif >= 1 && exif <= 8 ? values()[exif - 1] : UPRIGHT;
    }

    boolean swapsSides() {
        return swapsSides;
    }

    /** The index, in the upright picture, of the pixel stored at x, y of width x height. */
    int index(int x, int y, int width, int height) {
        int uprightX = swapsSides ? y : x;
        int uprightY = swapsSides ? x : y;
        int uprightWidth = swapsSides ? height : width;
        int uprightHeight = swapsSides ? width : height;
        if (fromTheRight) {
            uprightX = uprightWidth - 1 - uprightX;
        }
        if (fromTheBottom) {
            uprightY = uprightHeight - 1 - uprightY;
        }
        return uprightY * uprightWidth + uprightX;
    }
}
