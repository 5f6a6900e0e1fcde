package dev.glimpse.dataset;

/** What was made of the table is of no use any more, as others have changed what it was made from. */
public final class OutdatedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OutdatedException(String message) {
        super(message);
    }
}
