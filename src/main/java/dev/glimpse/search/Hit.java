package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.WordHit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A picture that a search found, as answers show it; the distance has the name that Lance gives it.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite; null if the row has no vector
 * @param matched by what it was found: {@link Mode#VECTOR}, {@link Mode#TEXT} or both
 */
public record Hit(
        @JsonUnwrapped Picture picture,
        @JsonProperty("_distance") @Nullable Double distance,
        List<Mode> matched) {
    public Hit {
        matched = List.copyOf(matched);
    }

    static Hit of(Neighbor neighbor) {
        return new Hit(neighbor.picture(), neighbor.distance(), List.of(Mode.VECTOR));
    }

    static Hit of(WordHit hit) {
        return new Hit(hit.picture(), hit.distance(), List.of(Mode.TEXT));
    }

    /** This hit, found by both. */
    Hit byBoth() {
        return new Hit(picture, distance, List.of(Mode.VECTOR, Mode.TEXT));
    }
}
