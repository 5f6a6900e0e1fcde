package dev.glimpse.storage;

import org.jspecify.annotations.Nullable;

/**
 * The store answers, and refuses this server: its token is wrong or may not do this, its clock is wrong, or there is no such
 * bucket. Trying again does not help until the operator has changed something.
 */
public final class StoreRefusedException extends StoreUnavailableException {
    private static final long serialVersionUID = 1L;

    StoreRefusedException(StoreProblem problem, @Nullable Throwable cause) {
        super(problem, cause);
    }
}
