package dev.glimpse.migration;

/** A change of models that cannot be made as the table is now. Nothing has changed. */
public class ModelRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ModelRefusedException(String message) {
        super(message);
    }
}
