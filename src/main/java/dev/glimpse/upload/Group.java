package dev.glimpse.upload;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Uploads that share a marker, an object {@code pending/{name}} that says: there are pictures whose rows are not committed
 * yet. Each upload joins one and leaves it when its row is committed, or is sure never to come; with the last one the
 * marker goes.
 */
final class Group {
    static final String MARKERS = "pending/";

    /**
     * Another server takes a marker for abandoned, and derives the rows itself, when it is a minute old. An upload that
     * ends this late must not rely on it. See {@link Recovery#ABANDONED}.
     */
    private static final Duration RELIABLE = Duration.ofSeconds(40);

    private final Groups groups;
    private final String name;
    private final long start = System.nanoTime();
    private final CompletableFuture<Boolean> durable;

    /** Guarded by the groups. */
    int members;

    Group(Groups groups, String name, CompletableFuture<Boolean> durable) {
        this.groups = groups;
        this.name = name;
        this.durable = durable;
    }

    /** {@code {server}/{group}}, as pictures keep it. */
    String name() {
        return name;
    }

    /** Key of the marker of a group. */
    static String marker(String name) {
        return MARKERS + name;
    }

    /** Completes when the marker is in the store, or exceptionally when it is not known to be. */
    CompletableFuture<Boolean> durable() {
        return durable;
    }

    /** Whether a picture that is in the store now would get its row even if this process died. */
    boolean isReliable() {
        return age().compareTo(RELIABLE) < 0;
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** To be called once by each member. */
    void leave() {
        groups.leave(this);
    }
}
