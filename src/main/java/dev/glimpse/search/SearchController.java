package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableVersion;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch.Hits;
import dev.glimpse.search.ImageSearch.PastHits;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class SearchController {
    private final ImageSearch search;
    private final ImageDataset dataset;
    private final Tickets tickets;

    SearchController(ImageSearch search, ImageDataset dataset, Tickets tickets) {
        this.search = search;
        this.dataset = dataset;
        this.tickets = tickets;
    }

    /**
     * The answer to a search.
     *
     * @param truncated whether the end of the query was ignored, being beyond the model's context
     * @param stale whether the bucket does not answer, so that what other servers have done lately is not known
     * @param results nearest first
     */
    record Answer(String query, boolean truncated, boolean stale, List<Neighbor> results) {}

    /**
     * The answer to a search of the past.
     *
     * @param version that was searched; null if it is not kept any more and today's pictures were searched instead
     * @param complete whether pictures are there that have been deleted since
     * @param note what is missing, null if nothing is
     * @param results nearest first
     */
    record PastAnswer(
            String query,
            boolean truncated,
            @Nullable Long version,
            boolean complete,
            @Nullable String note,
            List<Neighbor> results) {}

    /** The versions that can be searched, the newest first. */
    record Versions(List<TableVersion> versions) {}

    /**
     * Searches the table as it is, or as it was.
     *
     * @return an {@link Answer}; a {@link PastAnswer} if a version or a time is named
     */
    @GetMapping(path = "/search", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<?> search(
            @RequestParam(defaultValue = "") String text,
            @RequestParam(defaultValue = "10") int limit,
            @RequestParam(defaultValue = "false") boolean exact,
            @RequestParam(required = false) @Nullable Long version,
            @RequestParam(required = false) @Nullable Instant asOf,
            HttpServletRequest request) {
        if (version != null && asOf != null) {
            throw new InvalidQueryException("version and asOf exclude each other: both name the table to be searched");
        }
        Ticket ticket = tickets.of(Purpose.SEARCH, request);
        if (version != null) {
            return ResponseEntity.ok(past(text, search.searchIn(version, text, limit, exact, ticket)));
        }
        if (asOf != null) {
            return ResponseEntity.ok(past(text, search.searchAt(asOf, text, limit, exact, ticket)));
        }
        return search(text, limit, exact, ticket);
    }

    ResponseEntity<Answer> search(String text, int limit, boolean exact, Ticket ticket) {
        Hits hits = search.search(text, limit, exact, ticket);
        Freshness freshness = hits.freshness();
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok();
        if (freshness.stale()) {
            answer.header(HttpHeaders.WARNING, "110 - \"Response is Stale\"")
                    .header(
                            HttpHeaders.AGE,
                            Long.toString(Duration.between(freshness.asOf(), Instant.now())
                                    .toSeconds()));
        }
        return answer.body(new Answer(text, hits.truncated(), freshness.stale(), hits.neighbors()));
    }

    private static PastAnswer past(String text, PastHits hits) {
        boolean complete = hits.found().complete();
        return new PastAnswer(
                text,
                hits.truncated(),
                hits.found().version(),
                complete,
                complete ? null : "versions of that time are not kept any more: what was deleted since is missing",
                hits.found().neighbors());
    }

    @GetMapping(path = "/versions", produces = MediaType.APPLICATION_JSON_VALUE)
    Versions versions() {
        return new Versions(dataset.versions());
    }
}
