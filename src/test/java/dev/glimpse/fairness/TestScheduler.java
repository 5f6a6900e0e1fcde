package dev.glimpse.fairness;

import java.util.function.LongSupplier;

/** Schedulers for tests and benchmarks. */
public final class TestScheduler {
    /** For tests that are not about fairness: nobody waits. */
    public static final FairScheduler SCHEDULER = new FairScheduler(Integer.MAX_VALUE);

    private TestScheduler() {}

    /** A ticket of {@link #SCHEDULER}. */
    public static Ticket ticket() {
        return SCHEDULER.ticket(new Flow("", "", Purpose.UPLOAD));
    }

    /**
     * A scheduler for tests in which time passes when the test says so.
     *
     * @param clock gives nanoseconds
     */
    public static FairScheduler withClock(int processors, LongSupplier clock) {
        return new FairScheduler(processors, clock);
    }
}
