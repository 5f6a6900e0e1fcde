package dev.glimpse.image;

/** The picture has more pixels, or a longer side, than we decode, or takes more memory than there is. Known from its header, before anything is decoded. */
public final class ImageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageTooLargeException(long width, long height, long maxPixels) {
        super("picture of %dx%d pixels; at most %d pixels are accepted, and %d a side"
                .formatted(width, height, maxPixels, DecodeLimits.MAX_SIDE));
    }

    /** A picture that fits into the limits of all pictures, but not into the memory of this server. */
    static ImageTooLargeException forMemory(ImageFormat format, long width, long height, long maxPixels) {
        return new ImageTooLargeException(
                "picture of %dx%d pixels; at most %d pixels of a %s of this kind fit into the memory of this server"
                        .formatted(width, height, maxPixels, format.title()));
    }

    /** For what cannot be told from the header. */
    public ImageTooLargeException(String message) {
        super(message);
    }
}
