package dev.glimpse.image;

/**
 * What a picture is decoded for.
 *
 * @param trueColors whether a colour profile is followed
 * @param side the longer side that the picture is to be shown with, in pixels; 0 if the pixels that a model needs are enough
 */
record Rendering(boolean trueColors, int side) {
    static final Rendering FOR_A_MODEL = new Rendering(false, 0);
    static final Rendering FOR_PEOPLE = new Rendering(true, 0);

    /** How a picture is thinned out that there is memory for. */
    Thinning thinning(ImageFormat format, int width, int height) {
        return Thinning.of(format, width, height, side);
    }
}
