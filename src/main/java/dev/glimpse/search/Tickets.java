package dev.glimpse.search;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;

/**
 * Makes a ticket for a request. The client is the user of the request: the name of a key, or an address.
 *
 * @param scheduler the scheduler of the server
 */
record Tickets(FairScheduler scheduler) {
    Ticket of(Purpose purpose, HttpServletRequest request) {
        return scheduler.ticket(new Flow(
                Objects.toString(request.getRemoteUser(), ""),
                request.getServletConnection().getConnectionId(),
                purpose));
    }
}
