package dev.glimpse.migration;

/** There is no such model: not on this machine, or not in the table. */
public class ModelNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ModelNotFoundException(String message) {
        super(message);
    }
}
