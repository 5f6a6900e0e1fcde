package dev.glimpse.upload;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.storage.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
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

    private static final Duration PAUSE = Duration.ofSeconds(30);

    private final ObjectStore store;
    private final Executor puts;
    private final CommitProperties policy;

    /** New at each start: what a process before has left is never taken for ours. */
    private final String server;

    private @Nullable Group current;
    private long started;

    /** Groups whose markers may be in the store. */
    private int open;

    Groups(ObjectStore store, Executor puts, CommitProperties policy, Random chance) {
        this.store = store;
        this.puts = puts;
        this.policy = policy;
        byte[] random = new byte[6];
        chance.nextBytes(random);
        this.server = HexFormat.of().formatHex(random);
    }

    String server() {
        return server;
    }

    /** The group that an upload which begins now belongs to. The first member starts the put of the marker. */
    synchronized Group join() {
        Group group = current;
        if (group == null
                || group.members >= policy.rows()
                || group.age().compareTo(policy.age()) >= 0
                || group.durable().isCompletedExceptionally()) {
            String name = server + "/" + Long.toString(started++, Character.MAX_RADIX);
            group = new Group(this, name, CompletableFuture.supplyAsync(() -> mark(name), puts));
            current = group;
            open++;
        }
        group.members++;
        return group;
    }

    /** Puts the marker, or makes sure of it: puts it again after a put whose outcome is not known. */
    boolean mark(String name) {
        store.putIfAbsent(
                Group.marker(name),
                Instant.now().toString().getBytes(StandardCharsets.US_ASCII),
                "text/plain",
                Map.of());
        return true;
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
        Future<?> unused = group.durable().whenCompleteAsync((put, failure) -> unmark(group), puts);
    }

    private void unmark(Group group) {
        try {
            store.delete(Group.marker(group.name()));
            synchronized (this) {
                open--;
                notifyAll();
            }
        } catch (RuntimeException e) {
            // A marker that stays would make others look through all pictures.
            log.warn("the marker of group {} stays for now: {}", group.name(), e.toString());
            CompletableFuture.delayedExecutor(PAUSE.toSeconds(), TimeUnit.SECONDS, puts)
                    .execute(() -> unmark(group));
        }
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
