package dev.glimpse.web;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param name for the log and for counting: of the key, or the address
 * @param isKnown whether it has a key
 * @param requestsPerMinute null if they are not counted
 */
record Caller(
        String name,
        Set<Scope> scopes,
        boolean isKnown,
        @Nullable Integer requestsPerMinute) {
    boolean may(Scope scope) {
        return scopes.contains(scope);
    }
}
