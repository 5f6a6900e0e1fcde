package dev.glimpse.upload;

/** The upload asks for a durability that there is not. */
public class InvalidDurabilityException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidDurabilityException(String message) {
        super(message);
    }
}
