package dev.glimpse.image;

/** The bytes are no picture in an accepted format. The message says what they look like and what is accepted. */
public final class UnsupportedImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnsupportedImageException(String message) {
        super(message);
    }
}
