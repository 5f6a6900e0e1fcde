package dev.glimpse.pictures;

/** No picture has this id. */
public class PictureNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PictureNotFoundException(String message) {
        super(message);
    }
}
