package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;

/**
 * A row near a query.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 */
public record Neighbor(Picture picture, double distance) {
    /** The row as a hit of this query. */
    public static Neighbor of(PictureRow row, Embedding query) {
        return new Neighbor(Picture.of(row), row.distanceTo(query));
    }

    /** The id of the picture. */
    public String id() {
        return picture.id();
    }
}
