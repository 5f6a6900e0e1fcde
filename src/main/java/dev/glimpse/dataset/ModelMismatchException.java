package dev.glimpse.dataset;

/** The table holds the embeddings of another model, so it can be neither written nor searched with this one. */
public class ModelMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelMismatchException(String message) {
        super(message);
    }
}
