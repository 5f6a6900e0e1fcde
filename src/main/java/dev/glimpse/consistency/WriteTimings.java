package dev.glimpse.consistency;

import dev.glimpse.storage.StoreUnavailableException;
import java.time.Duration;

/**
 * The times of the write path. They are right only together. Nobody has to set them; tests are less patient.
 *
 * @param put how long the puts of a picture and of its group's marker may take, waiting and retries included. So a picture is never
 *     older than its marker by more than this, and a marker that had to be put again says how much older its group is
 * @param late what arrives in the store later than this after {@code put} never arrives. The store's clock tells whole seconds, so it
 *     is at least one
 * @param reliable an upload whose group is older than this does not rely on the marker: it waits for its commit before it is
 *     acknowledged
 * @param abandoned a marker that is older, by the store's clock, belongs to a server that has died or sleeps: a server that lives
 *     commits within seconds and then removes its markers. At least a second more than {@code reliable}, because others derive the rows
 *     of the group from then on
 * @param look the longest time between two looks for abandoned markers. Each look is a class A request: once a minute makes 43,800 a
 *     month, for $0.20 and for each server. What a dead server has left is seen to within {@code abandoned} and this together
 * @param poll the time between two looks at what another server is about to do
 * @param commit how long a request waits for commits, of this server or of others, all of its pictures together. A commit takes some
 *     round trips; one that takes this long waits for a store that does not answer
 * @param othersGroup how long a delete waits for the commit of another server before it is finished later: many commits' worth, and less
 *     than clients wait for an answer
 * @param settle the time until a change of this server that has failed in the open is looked at again
 * @param retry the time until recovery is tried again after the store has failed
 */
public record WriteTimings(
        Duration put,
        Duration late,
        Duration reliable,
        Duration abandoned,
        Duration look,
        Duration poll,
        Duration commit,
        Duration othersGroup,
        Duration settle,
        Duration retry) {

    /** What the store's clock may leave out. */
    static final Duration CLOCK = Duration.ofSeconds(1);

    /** A put that has less time left is not begun. */
    private static final Duration SHORTEST_PUT = Duration.ofSeconds(1);

    /** The times of a server. */
    public static final WriteTimings USUAL = new WriteTimings(
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(40),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofMillis(500),
            Duration.ofSeconds(60),
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(20));

    /**
     * Checks what has to hold between the times.
     *
     * @throws IllegalArgumentException if they do not fit together
     */
    public WriteTimings {
        require(put.compareTo(SHORTEST_PUT) > 0, "put must be more than a second");
        require(late.compareTo(CLOCK) >= 0, "late must be at least a second, as the store's clock tells whole seconds");
        require(
                abandoned.compareTo(reliable.plus(CLOCK)) >= 0,
                "abandoned must be at least a second more than reliable: others take the group over then");
    }

    private static void require(boolean fits, String rule) {
        if (!fits) {
            throw new IllegalArgumentException(rule);
        }
    }

    /** How much earlier than its group's marker a picture may have been put. */
    Duration beforeMarker() {
        return put.plus(late);
    }

    /**
     * What is left of the time of a put that has had to wait.
     *
     * @throws StoreUnavailableException if less than a second is left
     */
    public Duration left(Duration waited) {
        Duration left = put.minus(waited);
        if (left.compareTo(SHORTEST_PUT) < 0) {
            throw StoreUnavailableException.openly(
                    "the store does not keep up: a put has waited for " + put.toSeconds() + " s");
        }
        return left;
    }
}
