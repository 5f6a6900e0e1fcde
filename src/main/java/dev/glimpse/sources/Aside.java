package dev.glimpse.sources;

import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.ImageId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An object of a source that has no row of its own, and why. It is not read again until it is written again.
 *
 * @param id of the picture; null if it is none
 * @param why it has no row; null if another object has it
 */
record Aside(
        String key,
        long bytes,
        Instant modified,
        Kind kind,
        @Nullable String id,
        @Nullable String why) {
    enum Kind {
        /** Another object of a source has the same bytes. */
        SAME,
        /** A picture with these bytes was uploaded. */
        STORED,
        /** The picture was deleted while its object stayed. */
        REMOVED,
        /** It cannot be a picture of ours. */
        REFUSED
    }

    /** The picture; null if it is none. */
    @Nullable ImageId picture() {
        return id == null ? null : ImageId.parse(id).orElse(null);
    }

    /** Where it lies. */
    Place place() {
        return new Place(key, bytes, modified);
    }
}
