package dev.glimpse.image;

/** A picture that has more pixels than we decode. */
public class ImageTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ImageTooLargeException(String message) {
        super(message);
    }
}
