package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import org.jspecify.annotations.Nullable;

/**
 * A picture that words found.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite; null if the row has no vector of the query's model
 */
public record WordHit(Picture picture, @Nullable Double distance) {
    /** The row as a hit of this query. */
    public static WordHit of(PictureRow row, WordQuery query) {
        return of(Picture.of(row), row.vectorOf(query.model()), query.vector());
    }

    /** The picture that has this vector as a hit of this query. */
    public static WordHit of(Picture picture, @Nullable Embedding vector, @Nullable Embedding query) {
        return new WordHit(picture, vector == null || query == null ? null : PictureRow.distance(vector, query));
    }

    /** The id of the picture. */
    public String id() {
        return picture.id();
    }
}
