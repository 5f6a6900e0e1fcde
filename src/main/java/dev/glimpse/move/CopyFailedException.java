package dev.glimpse.move;

/** A copy that cannot be made. The message says why and what to do, in one line. */
final class CopyFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CopyFailedException(String message) {
        super(message);
    }
}
