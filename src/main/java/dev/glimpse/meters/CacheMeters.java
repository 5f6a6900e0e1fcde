package dev.glimpse.meters;

import io.micrometer.core.instrument.Counter;

/** Counts what a cache is asked for. Safe for use by several threads. */
public final class CacheMeters {
    private final Counter hits;
    private final Counter misses;

    /** @param cache its name, a word in the plural */
    public CacheMeters(Meters meters, String cache) {
        this.hits = counter(meters, cache, "hit");
        this.misses = counter(meters, cache, "miss");
    }

    private static Counter counter(Meters meters, String cache, String result) {
        return meters.counter("glimpse.cache.requests", "What caches are asked for", "cache", cache, "result", result);
    }

    /**
     * Counts one request.
     *
     * @param hit whether the cache had it
     */
    public void asked(boolean hit) {
        (hit ? hits : misses).increment();
    }
}
