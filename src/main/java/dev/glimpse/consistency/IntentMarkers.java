package dev.glimpse.consistency;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts uploads of this server into groups, and puts and deletes the intent marker of each group. A marker for each upload would cost a class
 * A request each. One marker for the uploads of a commit costs next to nothing, and its delete is free. Safe for use by several threads.
 */
public final class IntentMarkers {
    private static final Logger log = LoggerFactory.getLogger(IntentMarkers.class);

    private static final Duration UNMARK_AGAIN = Duration.ofSeconds(30);

    private final ObjectStore store;
    private final Executor puts;
    private final CommitProperties policy;
    private final WriteTimings timings;
    private final LongSupplier ticker;

    /** New at each start: what a process before has left is never taken for ours. */
    private final String server;

    private @Nullable IntentGroup current;
    private long started;

    /** Groups whose markers may be in the store. */
    private int open;

    /**
     * @param puts runs what waits for the store
     * @param ticker tells nanoseconds, as {@link System#nanoTime} does
     */
    public IntentMarkers(
            ObjectStore store,
            Executor puts,
            CommitProperties policy,
            WriteTimings timings,
            LongSupplier ticker,
            Random chance) {
        this.store = store;
        this.puts = puts;
        this.policy = policy;
        this.timings = timings;
        this.ticker = ticker;
        byte[] random = new byte[6];
        chance.nextBytes(random);
        this.server = HexFormat.of().formatHex(random);
    }

    boolean isReliable(IntentGroup group) {
        return group.age().compareTo(timings.reliable()) < 0;
    }

    /**
     * Whether the group that a picture in the store came in with has a marker. Then the row of the picture will come. Waits for the store.
     */
    public boolean isMarked(ObjectHead picture) {
        String group = IntentGroup.nameIn(picture);
        return group != null && store.head(IntentGroup.marker(group)).isPresent();
    }

    Duration since(long start) {
        return Duration.ofNanos(ticker.getAsLong() - start);
    }

    public String server() {
        return server;
    }

    /** The group that an upload which begins now belongs to. The first member starts the put of the marker. */
    public synchronized IntentGroup.Member join() {
        IntentGroup group = current;
        if (group == null
                || group.members >= policy.rows()
                || group.age().compareTo(policy.age()) >= 0
                || group.durable().isCompletedExceptionally()) {
            String name = server + "/" + Long.toString(started++, Character.MAX_RADIX);
            long start = ticker.getAsLong();
            group = new IntentGroup(
                    this,
                    name,
                    start,
                    CompletableFuture.runAsync(() -> mark(name, start, timings.left(since(start))), puts));
            current = group;
            open++;
        }
        group.members++;
        return group.new Member();
    }

    /** Makes sure of the marker: puts it again after a put whose outcome is not known. */
    void markAgain(IntentGroup group) {
        mark(group.name(), group.start(), timings.put());
    }

    private void mark(String name, long start, Duration within) {
        boolean unused = store.putIfAbsent(
                IntentGroup.marker(name), IntentGroup.marking(since(start)), "text/plain", Map.of(), within);
    }

    void leave(IntentGroup group) {
        synchronized (this) {
            group.members--;
            if (group.members > 0) {
                return;
            }
            if (current == group) {
                current = null;
            }
        }
        // Not while its put may still be on its way.
        Future<?> unused = group.durable().whenComplete((put, failure) -> unmarkSoon(group));
    }

    private void unmarkSoon(IntentGroup group) {
        try {
            puts.execute(() -> unmark(group));
        } catch (RejectedExecutionException e) {
            unmarkLater(group);
        }
    }

    private void unmark(IntentGroup group) {
        try {
            store.delete(IntentGroup.marker(group.name()));
            synchronized (this) {
                open--;
                notifyAll();
            }
        } catch (RuntimeException e) {
            log.warn("the marker of group {} stays for now: {}", group.name(), e.toString());
            unmarkLater(group);
        }
    }

    /** A marker that stays would make others look through all pictures. */
    private void unmarkLater(IntentGroup group) {
        CompletableFuture.delayedExecutor(UNMARK_AGAIN.toSeconds(), TimeUnit.SECONDS, Runnable::run)
                .execute(() -> unmarkSoon(group));
    }

    /** Waits until all markers are gone, or the time is over. */
    synchronized void awaitNone(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        try {
            for (long left = time.toMillis(); open > 0 && left > 0; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (open > 0) {
            log.warn("{} markers stay in the store; the next server looks after their pictures", open);
        }
    }
}
