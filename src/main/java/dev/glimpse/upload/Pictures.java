package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;

/** All pictures of the store. A listing of a bucket gives a thousand a request, so sixteen run side by side. */
final class Pictures {
    private static final List<String> DIGITS = List.of("0123456789abcdef".split(""));

    private final ObjectStore store;
    private final Executor requests;

    /** @param requests runs the listings */
    Pictures(ObjectStore store, Executor requests) {
        this.store = store;
        this.requests = requests;
    }

    /**
     * Waits until all are handed over.
     *
     * @param each gets a picture and when it was put, by the store's clock; on several threads at once
     * @throws java.util.concurrent.CompletionException if the store does not answer
     */
    void forEach(BiConsumer<ImageId, Instant> each) {
        // A folder is walked as a whole, whatever the prefix.
        List<String> prefixes = store.folder().isPresent() ? List.of("") : DIGITS;
        List<CompletableFuture<Instant>> listings = prefixes.stream()
                .map(digit -> CompletableFuture.supplyAsync(
                        () -> store.list(
                                "images/" + digit,
                                object -> ImageId.parse(object.key())
                                        .ifPresent(id -> each.accept(id, object.lastModified()))),
                        requests))
                .toList();
        listings.forEach(CompletableFuture::join);
    }
}
