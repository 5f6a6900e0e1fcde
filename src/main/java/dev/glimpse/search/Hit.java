package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import org.jspecify.annotations.Nullable;

/**
 * A picture that a search found, as answers show it; the distance has the name that Lance gives it.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 * @param relevance an estimate of the chance that the picture shows what was asked for, from 0 to 1; see {@link Relevance}. Null if it
 *     cannot be said
 */
public record Hit(
        @JsonUnwrapped Picture picture,
        @JsonProperty("_distance") double distance,
        @Nullable Double relevance) {
    static Hit of(Neighbor neighbor, @Nullable Double relevance) {
        return new Hit(neighbor.picture(), neighbor.distance(), relevance);
    }
}
