package dev.glimpse.dataset;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table did not answer in time, or too many callers wait for it already. */
public class TableBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Duration left;

    public TableBusyException(String message) {
        super(message);
        this.left = null;
    }

    /** @param left the time after which the same call will probably be answered */
    public TableBusyException(String message, Duration left) {
        super(message);
        this.left = left;
    }

    /** The time after which the same call will probably be answered. Empty if that is not known. */
    public Optional<Duration> left() {
        return Optional.ofNullable(left);
    }
}
