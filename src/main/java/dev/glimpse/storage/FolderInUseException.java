package dev.glimpse.storage;

/** Another process works in the data folder. */
public class FolderInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String cure;

    /** @param cure what the operator can do, a sentence */
    public FolderInUseException(String message, String cure) {
        super(message);
        this.cure = cure;
    }

    public String cure() {
        return cure;
    }
}
