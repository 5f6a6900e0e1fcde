package dev.glimpse.dataset;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row near a query, as answers show it; the distance has the name that Lance gives it. What a table of other software
 * does not have is null.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 */
public record Neighbor(
        String id,
        @Nullable String path,
        @JsonProperty("_distance") double distance,
        @Nullable String contentType,
        @Nullable Long bytes,
        @Nullable Integer width,
        @Nullable Integer height,
        @Nullable Instant uploadedAt,
        @Nullable String filename,
        @Nullable String caption,
        List<String> tags) {
    public Neighbor {
        tags = List.copyOf(tags);
    }
}
