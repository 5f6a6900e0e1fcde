package dev.glimpse.image;

/** The picture has more pixels, or a longer side, than we decode, or takes more room than is granted. */
public final class ImageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageTooLargeException(long width, long height, long maxPixels) {
        super("picture of %dx%d pixels; at most %d pixels are accepted, and %d a side"
                .formatted(width, height, maxPixels, ImageDecoder.MAX_SIDE));
    }

    /** For what cannot be told from the header. */
    public ImageTooLargeException(String message) {
        super(message);
    }
}
