package dev.glimpse.consistency;

/** More is being uploaded at once than the server has memory for. Trying again in a few seconds helps. */
public class UploadsBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UploadsBusyException(String message) {
        super(message);
    }
}
