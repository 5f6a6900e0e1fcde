package dev.glimpse.storage;

/** Another process works in the data folder. */
public class FolderInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FolderInUseException(String message) {
        super(message);
    }
}
