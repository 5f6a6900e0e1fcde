package dev.glimpse.request;

/** A request whose parameters cannot be answered as they are. The message names the parameter, and says what it may be. */
public class InvalidQueryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the client: what the parameter may be, and what it is */
    public InvalidQueryException(String message) {
        super(message);
    }
}
