package dev.glimpse.search;

/** A query that cannot be answered as it was asked. */
public class InvalidQueryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidQueryException(String message) {
        super(message);
    }
}
