package dev.glimpse.dataset;

/** The table is there but was not made by Glimpse, so it can be searched and not written. */
public class ForeignTableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ForeignTableException(String message) {
        super(message);
    }
}
