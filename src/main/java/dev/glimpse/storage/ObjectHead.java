package dev.glimpse.storage;

import java.util.Map;

/**
 * What a store says of an object without sending its bytes.
 *
 * @param bytes size of the object
 * @param metadata as given when it was put; empty if none was
 */
public record ObjectHead(long bytes, Map<String, String> metadata) {
    public ObjectHead {
        metadata = Map.copyOf(metadata);
    }
}
