package dev.glimpse.search;

import dev.glimpse.image.Processors;
import dev.glimpse.image.WorkClass;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;

/**
 * Makes the claims of requests: fair between callers, as keys or addresses tell them apart, and between the connections of each.
 *
 * @param processors the server's scheduler
 */
record Claims(Processors processors) {
    Processors.Claim of(WorkClass workClass, HttpServletRequest request) {
        return processors.claim(
                workClass,
                Objects.toString(request.getRemoteUser(), ""),
                request.getServletConnection().getConnectionId());
    }
}
