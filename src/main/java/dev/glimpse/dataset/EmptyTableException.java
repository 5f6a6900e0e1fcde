package dev.glimpse.dataset;

/** There is nothing to index: the table has no rows. */
public class EmptyTableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EmptyTableException(String message) {
        super(message);
    }
}
