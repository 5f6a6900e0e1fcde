package dev.glimpse.storage;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts every request that goes to the bucket, tries that fail included, by what R2 asks for it. Safe for use by several threads.
 * A folder asks for nothing, so its meter stays at zero.
 */
public final class RequestMeter {
    /** How R2 charges a request. */
    public enum RequestClass {
        /** Changes and listings. */
        A,
        /** Reads. */
        B,
        /** Deletes. */
        FREE
    }

    /** Dollars, of R2's standard storage, as published in 2026. */
    private static final double CLASS_A_DOLLARS = 4.50 / 1_000_000;

    private static final double CLASS_B_DOLLARS = 0.36 / 1_000_000;

    private static final ThreadLocal<@Nullable RequestMeter> ACCOUNT = new ThreadLocal<>();

    private final LongAdder classA = new LongAdder();
    private final LongAdder classB = new LongAdder();
    private final LongAdder free = new LongAdder();
    private final LongAdder bytesUp = new LongAdder();
    private final LongAdder bytesDown = new LongAdder();

    /**
     * What was counted.
     *
     * @param bytesUp of objects, without headers
     * @param bytesDown of objects and listings, without headers
     * @param dollars for the requests; R2 takes nothing for bytes that travel
     */
    public record Totals(long classA, long classB, long free, long bytesUp, long bytesDown, double dollars) {}

    public Totals totals() {
        long a = classA.sum();
        long b = classB.sum();
        return new Totals(a, b, free.sum(), bytesUp.sum(), bytesDown.sum(), a * CLASS_A_DOLLARS + b * CLASS_B_DOLLARS);
    }

    /**
     * What the work asks of any store, on this thread and in tasks that {@link #carry} has taken over from it. If this is part of work that
     * is measured itself, it counts there as well.
     */
    public static <T> T measure(RequestMeter account, Callable<T> work) throws Exception {
        RequestMeter before = ACCOUNT.get();
        ACCOUNT.set(account);
        try {
            return work.call();
        } finally {
            ACCOUNT.set(before);
            if (before != null) {
                before.add(account);
            }
        }
    }

    private void add(RequestMeter part) {
        classA.add(part.classA.sum());
        classB.add(part.classB.sum());
        free.add(part.free.sum());
        bytesUp.add(part.bytesUp.sum());
        bytesDown.add(part.bytesDown.sum());
    }

    /** The task, on the account of the thread that calls this now. */
    public static Runnable carry(Runnable task) {
        RequestMeter account = ACCOUNT.get();
        return () -> {
            RequestMeter before = ACCOUNT.get();
            ACCOUNT.set(account);
            try {
                task.run();
            } finally {
                ACCOUNT.set(before);
            }
        };
    }

    void count(RequestClass requestClass, long bytes) {
        add(requestClass, bytes);
        RequestMeter account = ACCOUNT.get();
        if (account != null) {
            account.add(requestClass, bytes);
        }
    }

    private void add(RequestClass requestClass, long bytes) {
        (switch (requestClass) {
                    case A -> classA;
                    case B -> classB;
                    case FREE -> free;
                })
                .increment();
        bytesUp.add(bytes);
    }

    void received(long bytes) {
        bytesDown.add(bytes);
        RequestMeter account = ACCOUNT.get();
        if (account != null) {
            account.bytesDown.add(bytes);
        }
    }
}
