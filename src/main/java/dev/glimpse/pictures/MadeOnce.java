package dev.glimpse.pictures;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.glimpse.meters.CacheMeters;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Keeps bytes that were asked for lately. While several threads ask for the same ones, one of them makes them and the others wait for it.
 * Threads that ask for other bytes never wait, as they might if the bytes were made inside a map. Safe for use by several threads.
 */
final class MadeOnce<K> {
    private final AsyncCache<K, byte[]> kept;
    private final CacheMeters meters;

    /** @param most bytes that are kept */
    MadeOnce(long most, CacheMeters meters) {
        this.meters = meters;
        kept = Caffeine.newBuilder()
                .maximumWeight(most)
                .weigher((K key, byte[] bytes) -> bytes.length)
                .buildAsync();
    }

    /**
     * Gives the bytes of this key, which the caller must not change.
     *
     * @param maker is called on this thread if nobody has made them, or is about to. If it throws, all who wait get the same exception, or
     *     a {@link java.util.concurrent.CompletionException} with it, and nothing is kept
     */
    byte[] get(K key, Supplier<byte[]> maker) {
        CompletableFuture<byte[]> mine = new CompletableFuture<>();
        CompletableFuture<byte[]> others = kept.asMap().putIfAbsent(key, mine);
        meters.asked(others != null);
        if (others != null) {
            return others.join();
        }
        try {
            byte[] made = maker.get();
            mine.complete(made);
            return made;
        } catch (RuntimeException | Error e) {
            mine.completeExceptionally(e);
            throw e;
        }
    }

    /** Keeps these no more, nor what is just being made. */
    void forget(Iterable<K> keys) {
        kept.synchronous().invalidateAll(keys);
    }
}
