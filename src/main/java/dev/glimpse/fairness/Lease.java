package dev.glimpse.fairness;

/** Holds a part of a {@link MemoryBudget} until it is closed. Safe for use by several threads. */
public final class Lease implements AutoCloseable {
    private final MemoryBudget budget;

    /** Guarded by this. */
    private long amount;

    Lease(MemoryBudget budget, long amount) {
        this.budget = budget;
        this.amount = amount;
    }

    /**
     * Gives back what is more than this amount, when less was needed than first taken.
     *
     * @throws IllegalArgumentException if the lease holds less than that, or the amount is negative
     */
    public synchronized void shrinkTo(long smaller) {
        if (smaller < 0 || smaller > amount) {
            throw new IllegalArgumentException("a lease of " + amount + " cannot shrink to " + smaller);
        }
        budget.release(amount - smaller);
        amount = smaller;
    }

    /** Gives back all that is left. Twice is fine. */
    @Override
    public synchronized void close() {
        budget.release(amount);
        amount = 0;
    }
}
