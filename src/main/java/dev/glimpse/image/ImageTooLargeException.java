package dev.glimpse.image;

/** The picture has more pixels, or a longer side, than we decode. Known from its header, before anything is decoded. */
public final class ImageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageTooLargeException(long width, long height, long maxPixels) {
        super("picture of %dx%d pixels; at most %d pixels are accepted, and %d a side"
                .formatted(width, height, maxPixels, ImageDecoder.MAX_SIDE));
    }
}
