package dev.glimpse.upload;

/** A picture was to be deleted that is not there. */
public class UnknownPictureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownPictureException(String message) {
        super(message);
    }
}
