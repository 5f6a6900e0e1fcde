package dev.glimpse.image;

/** Bytes that begin like a picture and cannot be decoded: cut off, garbled, or not what they say. */
public class DamagedImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DamagedImageException(String message) {
        super(message);
    }

    DamagedImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
