package dev.glimpse.storage;

import org.jspecify.annotations.Nullable;

/** The object store could not be reached, or refused for now. Trying again later may help. */
public class StoreUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
