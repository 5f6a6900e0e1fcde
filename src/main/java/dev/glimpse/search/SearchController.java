package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.glimpse.dataset.Neighbor;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class SearchController {
    private final ImageSearch search;

    SearchController(ImageSearch search) {
        this.search = search;
    }

    /** @param truncated whether the end of the query was ignored, being beyond the model's context */
    record Answer(String query, boolean truncated, List<Hit> results) {}

    /** @param distance cosine distance: 0 the same direction as the query, 1 at right angles, 2 opposite */
    record Hit(
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
        static Hit of(Neighbor neighbor) {
            return new Hit(
                    neighbor.id(),
                    neighbor.path(),
                    neighbor.distance(),
                    neighbor.contentType(),
                    neighbor.bytes(),
                    neighbor.width(),
                    neighbor.height(),
                    neighbor.uploadedAt(),
                    neighbor.filename(),
                    neighbor.caption(),
                    neighbor.tags());
        }
    }

    @GetMapping(path = "/search", produces = MediaType.APPLICATION_JSON_VALUE)
    Answer search(
            @RequestParam(defaultValue = "") String text,
            @RequestParam(defaultValue = "10") int limit,
            @RequestParam(defaultValue = "false") boolean exact) {
        ImageSearch.Hits hits = search.search(text, limit, exact);
        return new Answer(
                text, hits.truncated(), hits.neighbors().stream().map(Hit::of).toList());
    }
}
