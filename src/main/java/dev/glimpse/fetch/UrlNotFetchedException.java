package dev.glimpse.fetch;

/** A URL that is not fetched, or from which no picture came. Tells nothing of the network that the server is in. */
public class UrlNotFetchedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UrlNotFetchedException(String message) {
        super(message);
    }

    public UrlNotFetchedException(String message, Throwable cause) {
        super(message, cause);
    }
}
