package dev.glimpse.storage;

/** The settings do not say which store to use, or how to reach it. */
public class StorageSettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String cure;

    /**
     * @param message what is wrong with which setting
     * @param cure what the operator can do
     */
    public StorageSettingsException(String message, String cure) {
        super(message);
        this.cure = cure;
    }

    public String cure() {
        return cure;
    }
}
