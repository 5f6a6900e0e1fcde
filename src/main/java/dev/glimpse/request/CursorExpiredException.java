package dev.glimpse.request;

/** A cursor was right once, and is too old. */
public final class CursorExpiredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the client: why it is too old */
    public CursorExpiredException(String message) {
        super(message);
    }
}
