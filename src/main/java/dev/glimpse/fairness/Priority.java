package dev.glimpse.fairness;

import java.util.Comparator;

/**
 * The priority of a ticket at one moment; the least goes first. It becomes stale as time is used. Comparing the priorities of two
 * schedulers throws an {@link IllegalArgumentException}, because each scheduler counts from its own zero.
 *
 * @param scheduler the scheduler that counts the time
 * @param purpose decides before anything else
 * @param usedByClient quanta of 50 ms that the client has used for this purpose
 * @param client the number of the client
 * @param usedByConnection quanta of 50 ms that the connection has used for this purpose
 * @param arrival the number of the ticket
 */
public record Priority(
        FairScheduler scheduler, Purpose purpose, long usedByClient, long client, long usedByConnection, long arrival)
        implements Comparable<Priority> {
    private static final Comparator<Priority> ORDER = Comparator.comparing(Priority::purpose)
            .thenComparingLong(Priority::usedByClient)
            // Keeps the tickets of a client together, so that its connections are compared with each other only.
            .thenComparingLong(Priority::client)
            .thenComparingLong(Priority::usedByConnection)
            .thenComparingLong(Priority::arrival);

    /** The lead, in quanta, that tells a flow that works now and then from one that always works. */
    private static final long CLEAR_LEAD = 2;

    /**
     * Whether this goes first by a clear lead: its purpose is more urgent, or its client has used less time by at least two quanta. For
     * two connections of one client, their own times count instead. Work that is outranked should not be encoded in one batch with the
     * work that outranks it.
     *
     * @throws IllegalArgumentException if the other priority is of another scheduler
     */
    public boolean outranks(Priority other) {
        requireSameScheduler(other);
        if (purpose != other.purpose) {
            return isMoreUrgentThan(other);
        }
        return client == other.client
                ? usedByConnection + CLEAR_LEAD <= other.usedByConnection
                : clientOutranksThatOf(other);
    }

    /** Whether the purpose alone decides that this goes first. */
    boolean isMoreUrgentThan(Priority other) {
        return purpose.compareTo(other.purpose) < 0;
    }

    /** Whether the client has used less time than the other one by at least two quanta. For priorities of one purpose. */
    boolean clientOutranksThatOf(Priority other) {
        return usedByClient + CLEAR_LEAD <= other.usedByClient;
    }

    private void requireSameScheduler(Priority other) {
        if (scheduler != other.scheduler) {
            throw new IllegalArgumentException("priorities of two schedulers cannot be compared");
        }
    }

    @Override
    public int compareTo(Priority other) {
        requireSameScheduler(other);
        return ORDER.compare(this, other);
    }
}
