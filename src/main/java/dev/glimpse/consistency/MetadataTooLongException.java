package dev.glimpse.consistency;

/** Caption and tags are longer than an object's metadata may be. */
public class MetadataTooLongException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MetadataTooLongException(String message) {
        super(message);
    }
}
