package dev.glimpse.pictures;

/** The body of a request does not say what is to be said of a picture. */
public class InvalidEditException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidEditException(String message) {
        super(message);
    }
}
