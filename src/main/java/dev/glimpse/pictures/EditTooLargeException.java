package dev.glimpse.pictures;

/** The body of a request is longer than anything that can be said of a picture. */
public class EditTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EditTooLargeException(String message) {
        super(message);
    }
}
