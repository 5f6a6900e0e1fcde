package dev.glimpse.storage;

/** The data folder cannot be used: it is no folder, cannot be written, or its disk is full. */
public class DataFolderException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String cure;

    /** @param cure what the operator can do, a sentence */
    DataFolderException(String message, String cure, Throwable cause) {
        super(message, cause);
        this.cure = cure;
    }

    public String cure() {
        return cure;
    }
}
