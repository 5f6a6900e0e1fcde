package dev.glimpse.fetch;

/** More comes from a URL than a file may have. */
public class UrlTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UrlTooLargeException(String message) {
        super(message);
    }
}
