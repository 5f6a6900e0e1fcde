package dev.glimpse.image;

import javax.imageio.ImageReadParam;

/**
 * Which columns and rows of a picture its reader keeps: large pictures are thinned out while being read.
 *
 * @param step one of this number of columns, and of rows, is kept
 * @param first the first that is kept
 */
record Thinning(int step, int first) {
    /**
     * Large pictures are thinned out to no less than this short side: three times what a model usually looks at, so that every pixel it
     * sees is still an average of many. Cosine to the whole picture: 0.999997 and more, see docs/benchmarks/decoding.txt.
     */
    private static final int KEPT_SHORT_SIDE = 672;

    /** Pixels that are kept for each one that is shown, on each side: with fewer, edges look ragged. */
    private static final double KEPT_OF_SHOWN = 1.5;

    static Thinning of(ImageFormat format, int width, int height) {
        return of(format, width, height, 0);
    }

    /**
     * A thinning that keeps what is needed to show the picture at a size.
     *
     * @param side of the picture as it is shown, the longer one, in pixels
     */
    static Thinning of(ImageFormat format, int width, int height, int side) {
        int step = Math.min(width, height) / KEPT_SHORT_SIDE;
        if (side > 0) {
            step = Math.min(step, (int) (Math.max(width, height) / (side * KEPT_OF_SHOWN)));
        }
        return of(format, Math.max(1, step));
    }

    /**
     * A thinning that keeps what a model needs of a part of the picture.
     *
     * @param shortSide of the part, in pixels of the whole picture
     */
    static Thinning ofShortSide(ImageFormat format, int shortSide) {
        return of(format, Math.max(1, shortSide / KEPT_SHORT_SIDE));
    }

    private static Thinning of(ImageFormat format, int step) {
        return switch (format) {
            // The reader of lossy pictures counts anew in each block of 16 pixels.
            case WEBP -> new Thinning(Math.min(16, Integer.highestOneBit(step)), 0);
            // The reader only knows the beginning of each step.
            case TIFF -> new Thinning(step, 0);
            // The middle of each step.
            default -> new Thinning(step, (step - 1) / 2);
        };
    }

    /** The same steps in a frame that may be smaller than the first of them. */
    Thinning within(int width, int height) {
        return new Thinning(step, Math.min(first, Math.min(width, height) - 1));
    }

    /** The number of columns or rows that are kept. */
    int kept(int side) {
        return (side - first + step - 1) / step;
    }

    void applyTo(ImageReadParam param) {
        if (step > 1) {
            param.setSourceSubsampling(step, step, first, first);
        }
    }
}
