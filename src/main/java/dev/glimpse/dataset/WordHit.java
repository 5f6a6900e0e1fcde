package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import org.jspecify.annotations.Nullable;

/**
 * A picture that words found.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite; null if the row has no vector
 */
public record WordHit(Picture picture, @Nullable Double distance) {
    /** The row as a hit of this query. */
    public static WordHit of(PictureRow row, Embedding query) {
        return of(Picture.of(row), row.vector(), query);
    }

    /** The picture that has this vector as a hit of this query. */
    public static WordHit of(Picture picture, Embedding vector, Embedding query) {
        // Rounding takes equal vectors a hair below zero.
        return new WordHit(picture, Math.max(0, 1 - query.cosine(vector)));
    }

    /** The id of the picture. */
    public String id() {
        return picture.id();
    }
}
