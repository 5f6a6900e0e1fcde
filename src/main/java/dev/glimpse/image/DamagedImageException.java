package dev.glimpse.image;

import org.jspecify.annotations.Nullable;

/** The bytes begin like a picture but cannot be decoded to the end. The message says what failed. */
public final class DamagedImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DamagedImageException(String message) {
        super(message);
    }

    public DamagedImageException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
