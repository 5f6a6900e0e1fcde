package dev.glimpse.storage;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out once whether a store refuses a second put of a key, in a row and in a race. A trial that comes to no result, because the store
 * does not answer, is made again by the next caller. Safe for use by several threads, which wait for the same trial.
 */
final class ConditionalPutTrial {
    private static final Logger log = LoggerFactory.getLogger(ConditionalPutTrial.class);

    private final ObjectStore store;
    private final String name;

    /** The trial that runs or came to a result; null if there was none. Completes with what is wrong with the store. */
    private final AtomicReference<@Nullable CompletableFuture<Optional<StoreProblem>>> last = new AtomicReference<>();

    /** @param name of the store, as operators know it */
    ConditionalPutTrial(ObjectStore store, String name) {
        this.store = store;
        this.name = name;
    }

    /**
     * Makes the trial unless it was made, and waits for its result.
     *
     * @throws UntrustedBucketException if the store cannot be trusted
     * @throws StoreUnavailableException if the store does not answer
     */
    void requirePassed() {
        CompletableFuture<Optional<StoreProblem>> mine = new CompletableFuture<>();
        CompletableFuture<Optional<StoreProblem>> first = last.compareAndExchange(null, mine);
        if (first == null) {
            try {
                mine.complete(make());
            } catch (RuntimeException | Error e) {
                last.set(null);
                mine.completeExceptionally(e);
            }
        }
        result(first == null ? mine : first).ifPresent(problem -> {
            throw new UntrustedBucketException(problem);
        });
    }

    /** Whether the trial has come to a result. */
    boolean isOver() {
        CompletableFuture<Optional<StoreProblem>> known = last.get();
        return known != null && known.isDone() && !known.isCompletedExceptionally();
    }

    /** What the trial has found to be wrong; empty if nothing, or if it has come to no result yet. */
    Optional<StoreProblem> problem() {
        CompletableFuture<Optional<StoreProblem>> known = last.get();
        return known != null && isOver() ? result(known) : Optional.empty();
    }

    private static Optional<StoreProblem> result(CompletableFuture<Optional<StoreProblem>> trial) {
        try {
            return trial.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StoreUnavailableException unavailable) {
                throw unavailable;
            }
            throw e;
        }
    }

    private Optional<StoreProblem> make() {
        String prefix = "doctor/" + UUID.randomUUID() + "/";
        List<String> keys = List.of(prefix + "row", prefix + "race");
        try {
            return ConditionalPuts.inARow(store, keys.get(0))
                    .or(() -> ConditionalPuts.raced(store, keys.get(1)))
                    .map(seen -> new StoreProblem(
                            name + " does not keep conditional puts (If-None-Match): " + seen
                                    + ", so nothing is written to it",
                            "Run scripts/doctor, and take a store that passes it.",
                            "the server's bucket cannot be trusted with uploads, so none are taken"));
        } finally {
            tidy(keys);
        }
    }

    /** Deletes the objects of a trial, up to the first that cannot be deleted. The result of the trial does not depend on it. */
    private void tidy(List<String> keys) {
        try {
            keys.forEach(store::delete);
        } catch (RuntimeException e) {
            log.warn("objects of a trial of conditional puts may stay in the store: {}: {}", keys, e.toString());
        }
    }
}
