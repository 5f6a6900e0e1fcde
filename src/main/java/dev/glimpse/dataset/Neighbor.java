package dev.glimpse.dataset;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.glimpse.vectors.Embedding;

/**
 * A picture near a query, as answers show it; the distance has the name that Lance gives it.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 */
public record Neighbor(
        @JsonUnwrapped Picture picture,
        @JsonProperty("_distance") double distance) {
    /** The row as a hit of this query. */
    public static Neighbor of(PictureRow row, Embedding query) {
        return new Neighbor(Picture.of(row), row.distanceTo(query));
    }

    /** The id of the picture. */
    public String id() {
        return picture.id();
    }
}
