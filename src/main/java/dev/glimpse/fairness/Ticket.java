package dev.glimpse.fairness;

import java.util.List;

/** The place of one search, view or upload in its {@link FairScheduler}. Immutable. Safe for use by several threads. */
public final class Ticket {
    private final FairScheduler scheduler;
    private final Flow flow;
    private final long arrival;

    /** @param arrival the number of the ticket, counted by the scheduler */
    Ticket(FairScheduler scheduler, Flow flow, long arrival) {
        this.scheduler = scheduler;
        this.flow = flow;
        this.arrival = arrival;
    }

    /** The priority that this ticket has now. It changes while its client, or another one, uses time. */
    public Priority priority() {
        return scheduler.priorityOf(this);
    }

    /**
     * Waits until this ticket may run, then does the work on the calling thread and charges its time to the flow. An interrupt does not
     * end the wait; it is restored afterwards.
     */
    public <T, E extends Exception> T run(Work<T, E> work) throws E {
        return runTogether(List.of(this), slice -> {
            slice.await();
            return work.run(slice);
        });
    }

    /**
     * Does one piece of work for all of these tickets, at once and on the calling thread. Each ticket is charged an equal part of the
     * time. The work has the priority of the first ticket.
     *
     * @param tickets at least one
     * @throws IllegalArgumentException if the tickets are of several schedulers or purposes
     */
    public static <T, E extends Exception> T runTogether(List<Ticket> tickets, Work<T, E> work) throws E {
        FairScheduler scheduler = tickets.get(0).scheduler;
        Slice slice = scheduler.begin(tickets);
        try {
            return work.run(slice);
        } finally {
            scheduler.end(slice);
        }
    }

    /** Whether this ticket may run now or within a millisecond, for which it waits. An interrupt ends the wait and is restored. */
    public boolean comesNext() {
        return scheduler.comesNext(this);
    }

    /** Whether work of the same purpose waits that this ticket outranks. */
    public boolean holdsUpOthers() {
        return scheduler.holdsUpOthers(this);
    }

    FairScheduler scheduler() {
        return scheduler;
    }

    Flow flow() {
        return flow;
    }

    long arrival() {
        return arrival;
    }
}
