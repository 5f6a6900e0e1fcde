package dev.glimpse.image;

import org.jspecify.annotations.Nullable;

/**
 * What a picture is decoded for.
 *
 * @param trueColors whether a colour profile is followed
 * @param side the longer side that the picture is to be shown with, in pixels; 0 if the pixels that a model needs are enough
 * @param region the part that a model looks at; null for the whole
 */
record Rendering(boolean trueColors, int side, @Nullable Region region) {
    static final Rendering FOR_A_MODEL = new Rendering(false, 0, null);
    static final Rendering FOR_PEOPLE = new Rendering(true, 0, null);

    /** How a picture is thinned out that there is memory for. */
    Thinning thinning(ImageFormat format, int width, int height) {
        return region == null
                ? Thinning.of(format, width, height, side)
                : Thinning.ofShortSide(format, Math.min(region.shortSide(), Math.min(width, height)));
    }
}
