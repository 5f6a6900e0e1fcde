package dev.glimpse.image;

/** For tests and benchmarks that are not about fairness: one scheduler, in which nobody waits for a turn. */
public final class TestScheduler {
    public static final Processors PROCESSORS = new Processors(Integer.MAX_VALUE);

    private TestScheduler() {}

    public static Processors.Claim claim() {
        return PROCESSORS.claim("", "");
    }
}
