package dev.glimpse.search;

import dev.glimpse.dataset.Neighbor;
import java.util.List;
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

    /**
     * The answer to a search.
     *
     * @param truncated whether the end of the query was ignored, being beyond the model's context
     * @param results nearest first
     */
    record Answer(String query, boolean truncated, List<Neighbor> results) {}

    @GetMapping(path = "/search", produces = MediaType.APPLICATION_JSON_VALUE)
    Answer search(
            @RequestParam(defaultValue = "") String text,
            @RequestParam(defaultValue = "10") int limit,
            @RequestParam(defaultValue = "false") boolean exact) {
        ImageSearch.Hits hits = search.search(text, limit, exact);
        return new Answer(text, hits.truncated(), hits.neighbors());
    }
}
