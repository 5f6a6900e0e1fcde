package dev.glimpse.pictures;

/** A request for pictures that cannot be answered as it was asked. */
public class InvalidPictureQueryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidPictureQueryException(String message) {
        super(message);
    }
}
