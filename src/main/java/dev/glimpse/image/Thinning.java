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

    static Thinning of(ImageFormat format, int width, int height) {
        int step = Math.max(1, Math.min(width, height) / KEPT_SHORT_SIDE);
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
