package dev.glimpse.dataset;

/** A version that the table never had, or that was removed after the retention. */
public final class VersionNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public VersionNotFoundException(String message) {
        super(message);
    }
}
