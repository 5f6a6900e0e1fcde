package dev.glimpse.bulk.source;

/** A folder, archive or list that cannot be used at all. The message says why, for people. */
public class UnusableSourceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnusableSourceException(String message) {
        super(message);
    }
}
