package dev.glimpse.consistency;

/** A verification was asked for while one runs. */
public class VerifyRunningException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    VerifyRunningException(String message) {
        super(message);
    }
}
