package dev.glimpse.request;

/** No picture has this id. */
public class PictureNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the client, with the id */
    public PictureNotFoundException(String message) {
        super(message);
    }
}
