package dev.glimpse.dataset;

/** The table cannot be used for now: it is damaged, gone, or being opened. The message says which, and the way back. */
public class TableUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TableUnavailableException(String message) {
        super(message);
    }
}
