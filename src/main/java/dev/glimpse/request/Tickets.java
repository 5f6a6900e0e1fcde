package dev.glimpse.request;

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
public record Tickets(FairScheduler scheduler) {
    /** Makes a ticket for a request. Of two tickets of one connection, the earlier one goes first. */
    public Ticket of(Purpose purpose, HttpServletRequest request) {
        return scheduler.ticket(new Flow(
                Objects.toString(request.getRemoteUser(), ""),
                request.getServletConnection().getConnectionId(),
                purpose));
    }
}
