package dev.glimpse.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/** Counts the requests of each client. Safe for use by several threads. */
final class RateLimits {
    private static final Duration PERIOD = Duration.ofMinutes(1);

    /** They take some megabytes. A client that was silent for two periods has all of its requests again anyway. */
    private static final int MOST_CLIENTS = 20_000;

    private final int atOnce;
    private final Cache<String, Client> clients = Caffeine.newBuilder()
            .maximumSize(MOST_CLIENTS)
            .expireAfterAccess(PERIOD.multipliedBy(2))
            .build();

    /** @param atOnce requests of one client that may be under way at the same time */
    RateLimits(int atOnce) {
        this.atOnce = atOnce;
    }

    /**
     * What one client has left.
     *
     * @param requests to be taken from
     * @param places of requests under way
     */
    record Client(Bucket requests, Semaphore places) {}

    Client of(String name, int requestsPerMinute) {
        return clients.get(
                name,
                first -> new Client(
                        Bucket.builder()
                                .addLimit(Bandwidth.builder()
                                        .capacity(requestsPerMinute)
                                        .refillGreedy(requestsPerMinute, PERIOD)
                                        .build())
                                .build(),
                        new Semaphore(atOnce)));
    }
}
