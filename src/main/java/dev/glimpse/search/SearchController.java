package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.TableVersion;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.TakesParameters;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch.Hits;
import dev.glimpse.search.ImageSearch.PastHits;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

@RestController
class SearchController {
    /** More than the longest query takes, with each character written as six. */
    private static final int MOST_JSON = 256 << 10;

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
     * @param query what was asked, in one line
     * @param model name of the model that was asked
     * @param mode by what pictures were found
     * @param note what was asked for and could not be done; null if all was
     * @param truncated whether the end of the query was ignored, being beyond the model's context
     * @param stale whether the bucket does not answer, so that what other servers have done lately is not known
     * @param results the best first
     * @param next cursor of the page after this one; null if there is none
     * @param facets of all pictures that pass the filters; null if they were not asked for
     * @param explain what the search took; null if that was not asked for
     */
    record Answer(
            String query,
            String model,
            Mode mode,
            boolean truncated,
            boolean stale,
            @Nullable String note,
            List<Hit> results,
            @Nullable String next,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Facets facets,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Explanation explain) {}

    /**
     * The answer to a search of the past.
     *
     * @param model name of the model that was asked
     * @param version that was searched; null if it is not kept any more and today's pictures were searched instead
     * @param complete whether pictures are there that have been deleted since
     * @param note what is missing, null if nothing is
     * @param results nearest first
     * @param next cursor of the page after this one; null if there is none
     * @param explain what the search took; null if that was not asked for
     */
    record PastAnswer(
            String query,
            String model,
            Mode mode,
            boolean truncated,
            @Nullable Long version,
            boolean complete,
            @Nullable String note,
            List<Hit> results,
            @Nullable String next,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Explanation explain) {}

    /** The versions that can be searched, the newest first. */
    record Versions(List<TableVersion> versions) {}

    /**
     * Searches the table as it is, or as it was.
     *
     * @return an {@link Answer}; a {@link PastAnswer} if a version or a time is named
     */
    @GetMapping(path = "/search", produces = MediaType.APPLICATION_JSON_VALUE)
    @TakesParameters(SearchParameter.class)
    ResponseEntity<?> search(HttpServletRequest request) {
        return answer(ParameterValues.of(request.getParameterMap()), List.of(), request);
    }

    /** Searches for what a form says, and for pictures that come with it. */
    @PostMapping(
            path = "/search",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, MediaType.APPLICATION_FORM_URLENCODED_VALUE},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @TakesParameters(SearchParameter.class)
    ResponseEntity<?> searchByPictures(
            @RequestParam(name = "file", required = false) @Nullable List<MultipartFile> files,
            HttpServletRequest request) {
        if (request.getParameterMap().containsKey("file")) {
            throw new InvalidQueryException(
                    "file is text and must be a picture: a part of a form with a file name, as curl -F file=@cat.jpg sends it");
        }
        List<Term.Sample> samples = (files == null ? List.<MultipartFile>of() : files)
                .stream()
                        .map(file -> new Term.Sample(file::getBytes, file.getSize()))
                        .toList();
        return answer(ParameterValues.of(request.getParameterMap()), samples, request);
    }

    /** Searches for what a JSON object says, which has the parameters as its fields. */
    @PostMapping(
            path = "/search",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<?> searchByJson(InputStream body, HttpServletRequest request) throws IOException {
        return answer(
                ParameterValues.ofJson(JsonBody.read(body, MOST_JSON), SearchParameter.values()), List.of(), request);
    }

    private ResponseEntity<?> answer(ParameterValues values, List<Term.Sample> samples, HttpServletRequest request) {
        return answer(SearchRequest.of(values, samples, search.mostHits()), tickets.of(Purpose.SEARCH, request));
    }

    ResponseEntity<?> answer(SearchRequest asked, Ticket ticket) {
        if (asked.version() != null) {
            return ResponseEntity.ok(past(asked, search.searchIn(asked.version(), asked, ticket)));
        }
        if (asked.asOf() != null) {
            return ResponseEntity.ok(past(asked, search.searchAt(asked.asOf(), asked, ticket)));
        }
        Hits hits = search.search(asked, ticket);
        Freshness freshness = hits.freshness();
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok();
        if (freshness.stale()) {
            answer.header(HttpHeaders.WARNING, "110 - \"Response is Stale\"")
                    .header(
                            HttpHeaders.AGE,
                            Long.toString(Duration.between(freshness.asOf(), Instant.now())
                                    .toSeconds()));
        }
        return answer.body(new Answer(
                asked.inWords(),
                hits.model(),
                hits.mode(),
                hits.truncated(),
                freshness.stale(),
                hits.note(),
                hits.results(),
                hits.next(),
                asked.facets() ? dataset.facets(asked.filter()) : null,
                asked.explain() ? hits.explanation() : null));
    }

    private PastAnswer past(SearchRequest asked, PastHits past) {
        boolean complete = past.complete();
        Hits hits = past.hits();
        return new PastAnswer(
                asked.inWords(),
                hits.model(),
                Mode.VECTOR,
                hits.truncated(),
                past.version(),
                complete,
                complete ? null : "versions of that time are not kept any more: what was deleted since is missing",
                hits.results(),
                hits.next(),
                asked.explain() ? hits.explanation() : null);
    }

    @GetMapping(path = "/versions", produces = MediaType.APPLICATION_JSON_VALUE)
    Versions versions() {
        return new Versions(dataset.versions());
    }
}
