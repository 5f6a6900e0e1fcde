package dev.glimpse.upload;

/** Several files came with a number of captions or tags that fits neither all of them nor each. */
public class CountMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CountMismatchException(String message) {
        super(message);
    }
}
