package dev.glimpse.storage;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
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
        FREE;

        /** As in metrics. */
        public String tag() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Dollars, of R2's standard storage, as published in 2026. */
    private static final double CLASS_A_DOLLARS = 4.50 / 1_000_000;

    private static final double CLASS_B_DOLLARS = 0.36 / 1_000_000;

    private static final ThreadLocal<@Nullable RequestMeter> ACCOUNT = new ThreadLocal<>();

    private static final ThreadLocal<StoreUse> USE = ThreadLocal.withInitial(() -> StoreUse.OTHER);

    private final Map<StoreUse, Counts> requests = new EnumMap<>(StoreUse.class);

    private final LongAdder bytesUp = new LongAdder();
    private final LongAdder bytesDown = new LongAdder();

    /** Requests of one use. */
    private static final class Counts {
        final AtomicLong classA = new AtomicLong();
        final AtomicLong classB = new AtomicLong();
        final AtomicLong free = new AtomicLong();

        AtomicLong of(RequestClass requestClass) {
            return switch (requestClass) {
                case A -> classA;
                case B -> classB;
                case FREE -> free;
            };
        }
    }

    public RequestMeter() {
        for (StoreUse use : StoreUse.values()) {
            requests.put(use, new Counts());
        }
    }

    /**
     * What was counted.
     *
     * @param bytesUp of objects, without headers
     * @param bytesDown of objects and listings, without headers
     * @param dollars for the requests; R2 takes nothing for bytes that travel
     */
    public record Totals(long classA, long classB, long free, long bytesUp, long bytesDown, double dollars) {}

    /** The requests of one use. */
    public record Spent(StoreUse use, long classA, long classB, long free, double dollars) {}

    public Totals totals() {
        List<Spent> spent = spent();
        long a = spent.stream().mapToLong(Spent::classA).sum();
        long b = spent.stream().mapToLong(Spent::classB).sum();
        return new Totals(
                a, b, spent.stream().mapToLong(Spent::free).sum(), bytesUp.sum(), bytesDown.sum(), dollars(a, b));
    }

    /** What so many requests cost. */
    public static double dollars(long classA, long classB) {
        return classA * CLASS_A_DOLLARS + classB * CLASS_B_DOLLARS;
    }

    /** What {@link #totals} consists of: the requests of each use, in the order of the enum. */
    public List<Spent> spent() {
        return Arrays.stream(StoreUse.values()).map(this::spent).toList();
    }

    /** The requests of this use. */
    public Spent spent(StoreUse use) {
        Counts counts = counts(use);
        long a = counts.classA.get();
        long b = counts.classB.get();
        return new Spent(use, a, b, counts.free.get(), dollars(a, b));
    }

    private Counts counts(StoreUse use) {
        return Objects.requireNonNull(requests.get(use));
    }

    // ---- what requests are for

    /** What requests of this thread are for now. */
    public static StoreUse use() {
        return USE.get();
    }

    /** From now on, requests of this thread are for this use: for threads that do one thing. */
    public static void enter(StoreUse use) {
        USE.set(use);
    }

    /** Requests that the work makes are for this use, on this thread and in tasks that {@link #carry} has taken over from it. */
    public static <T extends @Nullable Object> T using(StoreUse use, Supplier<T> work) {
        StoreUse before = USE.get();
        USE.set(use);
        try {
            return work.get();
        } finally {
            USE.set(before);
        }
    }

    /** The work, whose requests are for this use. */
    public static <T> Callable<T> forUse(StoreUse use, Callable<T> work) {
        return () -> {
            StoreUse before = USE.get();
            USE.set(use);
            try {
                return work.call();
            } finally {
                USE.set(before);
            }
        };
    }

    // ---- whose account they are on

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
        part.requests.forEach((use, more) -> {
            Counts counts = counts(use);
            counts.classA.addAndGet(more.classA.get());
            counts.classB.addAndGet(more.classB.get());
            counts.free.addAndGet(more.free.get());
        });
        bytesUp.add(part.bytesUp.sum());
        bytesDown.add(part.bytesDown.sum());
    }

    /** The task, on the account of the thread that calls this now, and for the same use. */
    public static Runnable carry(Runnable task) {
        RequestMeter account = ACCOUNT.get();
        StoreUse use = USE.get();
        return () -> {
            RequestMeter before = ACCOUNT.get();
            StoreUse otherUse = USE.get();
            ACCOUNT.set(account);
            USE.set(use);
            try {
                task.run();
            } finally {
                ACCOUNT.set(before);
                USE.set(otherUse);
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
        counts(USE.get()).of(requestClass).incrementAndGet();
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
