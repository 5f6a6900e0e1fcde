package dev.glimpse.dataset;

/** The table did not answer in time, or too many callers wait for it already. */
public class TableBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TableBusyException(String message) {
        super(message);
    }
}
