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
 * @param relevance an estimate of the chance that the picture shows what was asked for, from 0 to 1; see {@link Relevance}. Null if it
 *     cannot be said
 * @param matched by what it was found: {@link Mode#VECTOR}, {@link Mode#TEXT} or both
 */
public record Hit(
        @JsonUnwrapped Picture picture,
        @JsonProperty("_distance") @Nullable Double distance,
        @Nullable Double relevance,
        List<Mode> matched) {
    public Hit {
        matched = List.copyOf(matched);
    }

    static Hit of(Neighbor neighbor) {
        return new Hit(neighbor.picture(), neighbor.distance(), null, List.of(Mode.VECTOR));
    }

    static Hit of(WordHit hit) {
        return new Hit(hit.picture(), hit.distance(), null, List.of(Mode.TEXT));
    }

    /** This hit, found by both. */
    Hit byBoth() {
        return new Hit(picture, distance, relevance, List.of(Mode.VECTOR, Mode.TEXT));
    }

    /** This hit of a search for a text. */
    Hit with(Relevance.OfText relevance) {
        return distance == null ? this : new Hit(picture, distance, relevance.at(distance), matched);
    }

    /** Whether it is known to be less relevant than this, and does not have the words either. */
    boolean isLessRelevantThan(double least) {
        return relevance != null && relevance < least && !matched.contains(Mode.TEXT);
    }
}
