package dev.glimpse.storage;

import java.time.Instant;
import java.util.Map;

/**
 * What a store says of an object without sending its bytes.
 *
 * @param bytes size of the object
 * @param metadata as given when it was put; empty if none was
 * @param lastModified by the store's clock, to the second
 * @param etag another one when the object has other bytes; in most buckets the MD5 of the bytes in hex digits, but nobody may rely on
 *     that
 */
public record ObjectHead(long bytes, Map<String, String> metadata, Instant lastModified, String etag) {
    public ObjectHead {
        metadata = Map.copyOf(metadata);
    }
}
