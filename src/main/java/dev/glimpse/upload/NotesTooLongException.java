package dev.glimpse.upload;

/** Caption and tags are longer than an object's metadata may be. */
public class NotesTooLongException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotesTooLongException(String message) {
        super(message);
    }
}
