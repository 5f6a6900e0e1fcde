package dev.glimpse.mcp;

import org.jspecify.annotations.Nullable;

/** A message is not as the protocol has it. */
class InvalidMessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    private final transient @Nullable Object id;

    /**
     * Takes what the client is told.
     *
     * @param code of JSON-RPC
     * @param id of the message; null if it is not known
     */
    InvalidMessageException(int code, String message, @Nullable Object id) {
        super(message);
        this.code = code;
        this.id = id;
    }

    int code() {
        return code;
    }

    @Nullable Object id() {
        return id;
    }
}
