package dev.glimpse;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Variables that Lance would take for its own cannot be removed from the environment. */
final class NativeEnvironmentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NativeEnvironmentException(List<String> variables, @Nullable Throwable cause) {
        super(
                "these variables of the environment would change how the bucket is read, and cannot be removed: "
                        + String.join(", ", variables),
                cause);
    }
}
