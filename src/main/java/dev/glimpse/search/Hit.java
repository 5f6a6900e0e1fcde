package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;

/**
 * A picture that a search found, as answers show it; the distance has the name that Lance gives it.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 */
public record Hit(
        @JsonUnwrapped Picture picture,
        @JsonProperty("_distance") double distance) {
    static Hit of(Neighbor neighbor) {
        return new Hit(neighbor.picture(), neighbor.distance());
    }
}
