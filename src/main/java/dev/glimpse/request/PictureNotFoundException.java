package dev.glimpse.request;

/** No picture has this id. */
public class PictureNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the client, with the id */
    public PictureNotFoundException(String message) {
        super(message);
    }

    /** No picture with this id is there. */
    public static PictureNotFoundException missing(Object id) {
        return new PictureNotFoundException("there is no picture " + id);
    }

    /** No picture is ever called so. */
    public static PictureNotFoundException misnamed(String text) {
        return new PictureNotFoundException("a picture is called images/{sha256}.{ext}, and this is not: " + text);
    }
}
