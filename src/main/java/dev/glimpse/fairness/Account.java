package dev.glimpse.fairness;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Counts the processor time that its parts have used. Accounts form a tree: the account of a purpose has the clients as parts, and the
 * account of a client has its connections as parts. Guarded by the lock of the scheduler.
 *
 * <p>A part that was idle saves up next to nothing. When it comes back, it continues with a little less than the time that a part would
 * have used that was always busy.
 */
final class Account {
    /** Usage is compared in steps of this size. Without steps, equal flows would take turns all the time. */
    private static final long QUANTUM_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** The lead that a part has when it comes back from being idle. */
    private static final long IDLE_CREDIT_NANOS = 4 * QUANTUM_NANOS;

    /**
     * How long a part counts as busy after its last slice. A client that sends one picture after another has no slice between an answer and
     * its next request, but it is busy all the same.
     */
    private static final long BUSY_AFTER_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Beyond this number, idle parts are forgotten. A part that was forgotten comes back like any other idle one. */
    private static final int MAX_PARTS = 1_000;

    private final long number;
    private final Map<String, Account> parts = new HashMap<>();

    /** Slices of this account that run or wait. */
    private int slices;

    /** Parts that have slices, or had one within the last second. */
    private int busyParts;

    /** The busy parts that have no slices. */
    private final List<Account> restingParts = new ArrayList<>();

    /** When the last slice ended, in nanoseconds. Meaningless while there are slices. */
    private long idleSince;

    private long usedNanos;

    /** The time that a part would have used that was always busy. */
    private long usedByBusyPartNanos;

    /** @param number tells this account from the other parts of its parent */
    Account(long number) {
        this.number = number;
    }

    /** The part of this name. A new part gets the number. */
    Account part(String name, long number) {
        if (parts.size() >= MAX_PARTS) {
            parts.values().removeIf(part -> part.slices == 0);
        }
        Account part = parts.computeIfAbsent(name, first -> new Account(number));
        if (part.slices == 0) {
            part.usedNanos = Math.max(part.usedNanos, usedByBusyPartNanos - IDLE_CREDIT_NANOS);
        }
        return part;
    }

    /** Says that a slice of this part begins. */
    void begin(Account part) {
        if (part.slices++ == 0 && !restingParts.remove(part)) {
            busyParts++;
        }
    }

    /** Adds the time to what the part has used. */
    void charge(Account part, long nanos, long now) {
        int rested = restingParts.size();
        restingParts.removeIf(other -> now - other.idleSince >= BUSY_AFTER_NANOS);
        busyParts -= rested - restingParts.size();
        part.usedNanos += nanos;
        usedByBusyPartNanos += nanos / busyParts;
    }

    /** Says that a slice of this part ends. */
    void end(Account part, long now) {
        if (--part.slices == 0) {
            part.idleSince = now;
            restingParts.add(part);
        }
    }

    long number() {
        return number;
    }

    long quantaUsed() {
        return usedNanos / QUANTUM_NANOS;
    }

    boolean isIdle() {
        return slices == 0;
    }

    /** When the last slice ended. For an idle account. */
    long idleSince() {
        return idleSince;
    }

    int partCount() {
        return parts.size();
    }
}
