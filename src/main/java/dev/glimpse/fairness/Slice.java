package dev.glimpse.fairness;

import java.util.List;

/** Work that runs, or pauses until it may go on. For the thread that does the work. */
public final class Slice {
    private final FairScheduler scheduler;
    private final List<FlowAccounts> accounts;

    /** Guarded by the lock of the scheduler. */
    private boolean running = true;

    /** The time until which the accounts are charged. Guarded by the lock of the scheduler. */
    private long settledAt;

    /** When the thread of this slice last asked the scheduler. */
    private long checkedAt;

    /**
     * @param accounts each is charged an equal part of the time; the first one decides the priority
     * @param now the beginning
     */
    Slice(FairScheduler scheduler, List<FlowAccounts> accounts, long now) {
        this.scheduler = scheduler;
        this.accounts = accounts;
        this.settledAt = now;
    }

    /**
     * Pauses while other work goes first. Long work should call this often: most calls return at once, since they ask the scheduler at
     * most once in a millisecond. An interrupt does not end the pause; it is restored afterwards.
     */
    public void yieldToOthers() {
        if (scheduler.now() - checkedAt >= FairScheduler.MOMENT_NANOS) {
            await();
        }
    }

    /** Waits until this slice may run. */
    void await() {
        checkedAt = scheduler.await(this);
    }

    Priority priority() {
        return accounts.get(0).priority();
    }

    List<FlowAccounts> accounts() {
        return accounts;
    }

    boolean isRunning() {
        return running;
    }

    void setRunning(boolean running) {
        this.running = running;
    }

    /** Charges the time since the last call, if this slice was running. */
    void settle(long now) {
        if (running) {
            long each = (now - settledAt) / accounts.size();
            accounts.forEach(account -> account.charge(each, now));
        }
        settledAt = now;
    }
}
