package dev.glimpse.storage;

/** The settings do not say which store to use. */
public class StorageSettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StorageSettingsException(String message) {
        super(message);
    }
}
