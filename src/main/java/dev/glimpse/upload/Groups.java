package dev.glimpse.upload;

import dev.glimpse.dataset.CommitProperties;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The groups of this server. A marker for each upload would cost a class A request each; one for as many as a commit
 * takes costs next to nothing, and to remove it is free. Safe to share between threads.
 */
final class Groups {
    private static final Logger log = LoggerFactory.getLogger(Groups.class);

    /**
     * Another server takes a marker for abandoned, and derives the rows itself, when it is a minute old. An upload that
     * ends this late must not rely on it. See {@link Recovery.Timing}.
     */
    static final Duration RELIABLE = Duration.ofSeconds(40);

    private static final Duration PAUSE = Duration.ofSeconds(30);

    private final ObjectStore store;
    private final Executor puts;
    private final CommitProperties policy;
    private final Duration reliable;

    /** New at each start: what a process before has left is never taken for ours. */
    private final String server;

    private @Nullable Group current;
    private long started;

    /** Groups whose markers may be in the store. */
    private int open;

    /** @param reliable see {@link #RELIABLE} */
    Groups(ObjectStore store, Executor puts, CommitProperties policy, Duration reliable, Random chance) {
        this.store = store;
        this.puts = puts;
        this.policy = policy;
        this.reliable = reliable;
        byte[] random = new byte[6];
        chance.nextBytes(random);
        this.server = HexFormat.of().formatHex(random);
    }

    boolean isReliable(Group group) {
        return group.age().compareTo(reliable) < 0;
    }

    String server() {
        return server;
    }

    /** The group that an upload which begins now belongs to. The first member starts the put of the marker. */
    synchronized Group.Member join() {
        Group group = current;
        if (group == null
                || group.members >= policy.rows()
                || group.age().compareTo(policy.age()) >= 0
                || group.durable().isCompletedExceptionally()) {
            String name = server + "/" + Long.toString(started++, Character.MAX_RADIX);
            long start = System.nanoTime();
            group = new Group(
                    this, name, start, CompletableFuture.runAsync(() -> mark(name, start, Uploader.left(start)), puts));
            current = group;
            open++;
        }
        group.members++;
        return group.new Member();
    }

    /** Makes sure of the marker: puts it again after a put whose outcome is not known. */
    void markAgain(Group group) {
        mark(group.name(), group.start(), Uploader.DEADLINE);
    }

    private void mark(String name, long start, Duration within) {
        boolean unused = store.putIfAbsent(Group.marker(name), Group.marking(start), "text/plain", Map.of(), within);
    }

    void leave(Group group) {
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

    private void unmarkSoon(Group group) {
        try {
            puts.execute(() -> unmark(group));
        } catch (RejectedExecutionException e) {
            unmarkLater(group);
        }
    }

    private void unmark(Group group) {
        try {
            store.delete(Group.marker(group.name()));
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
    private void unmarkLater(Group group) {
        CompletableFuture.delayedExecutor(PAUSE.toSeconds(), TimeUnit.SECONDS, Runnable::run)
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
