package dev.glimpse.image;

/**
 * The bytes are no picture in an accepted format, or one of a kind that we cannot read. The message says what it is, or what it looks like.
 */
public final class UnsupportedImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnsupportedImageException(String message) {
        super(message);
    }

    /** @param kind of picture, as people call it: {@code JPEG-LS} */
    static UnsupportedImageException of(String kind) {
        return new UnsupportedImageException("not a picture we can read: " + kind);
    }
}
