package dev.glimpse.storage;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Tries whether a store refuses to put a key that is taken, in a row and at the same moment. A store may look first and write
 * a moment later: it refuses the second of two puts in a row, and lets all of a race win.
 *
 * <p>Each trial leaves its key, for the caller to delete. It throws {@link StoreUnavailableException} if the store's answers
 * do not suffice to tell.
 */
final class ConditionalPuts {
    static final int RACERS = 8;

    private ConditionalPuts() {}

    /** What is wrong with two puts of a new key, one after the other; empty if the second is refused. */
    static Optional<String> inARow(ObjectStore store, String key) {
        if (!put(store, key, "first")) {
            return Optional.of("a put of a new key was refused");
        }
        if (put(store, key, "second")) {
            return Optional.of("a second put of a key was not refused");
        }
        return has(store, key, "first")
                ? Optional.empty()
                : Optional.of("a second put of a key has replaced the first");
    }

    /** What is wrong with {@link #RACERS} puts of a new key at the same moment; empty if exactly one wins. */
    static Optional<String> raced(ObjectStore store, String key) {
        List<FutureTask<Boolean>> racers = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            String text = "racer " + i;
            racers.add(new FutureTask<>(() -> put(store, key, text)));
        }
        ExecutorService threads = Executors.newFixedThreadPool(RACERS);
        try {
            racers.forEach(racer -> threads.execute(RequestMeter.carry(racer)));
            return judge(store, key, racers);
        } finally {
            threads.shutdown();
        }
    }

    private static Optional<String> judge(ObjectStore store, String key, List<? extends Future<Boolean>> racers) {
        List<Integer> winners = new ArrayList<>();
        StoreUnavailableException unknown = null;
        for (int i = 0; i < racers.size(); i++) {
            try {
                if (racers.get(i).get()) {
                    winners.add(i);
                }
            } catch (ExecutionException e) {
                unknown = unavailable(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new StoreUnavailableException("interrupted while putting " + key, e);
            }
        }
        // Stores limit how often a key is written, so some racers may have been turned away; one winner tells enough.
        if (winners.isEmpty() && unknown != null) {
            throw unknown;
        }
        if (winners.size() != 1) {
            return Optional.of(winners.size() + " of " + RACERS + " puts of one key at the same moment have won");
        }
        return has(store, key, "racer " + winners.get(0))
                ? Optional.empty()
                : Optional.of("after a race the bytes are not those of the put that won");
    }

    private static @Nullable StoreUnavailableException unavailable(ExecutionException e) {
        if (e.getCause() instanceof StoreUnavailableException unavailable) {
            return unavailable;
        }
        throw new IllegalStateException("a put failed in a way that no store should", e);
    }

    private static boolean put(ObjectStore store, String key, String text) {
        return store.putIfAbsent(key, text.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
    }

    private static boolean has(ObjectStore store, String key, String text) {
        return store.get(key)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8).equals(text))
                .orElse(false);
    }
}
