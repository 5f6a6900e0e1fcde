package dev.glimpse.dataset;

import java.util.List;
import java.util.Optional;

/**
 * What is known of a picture and of those that look the same.
 *
 * @param picture itself; empty if no search finds it
 * @param alike others, the same pixels first, then the nearest; empty if that is not known, because the table is not in memory or the
 *     picture has no fingerprint
 */
public record Likenesses(Optional<Picture> picture, Optional<List<Likeness>> alike) {
    public static final Likenesses UNKNOWN = new Likenesses(Optional.empty(), Optional.empty());
}
