package dev.glimpse.embedding;

/** A model folder that cannot be used: something is missing, out of range, or does not belong to the rest. */
public class InvalidModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidModelException(String message) {
        super(message);
    }

    InvalidModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
