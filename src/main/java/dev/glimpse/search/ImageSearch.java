package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.PastNeighbors;
import dev.glimpse.dataset.WordHits;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordsUnavailableException;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Finds pictures by words and by pictures. Safe for use by several threads. */
public final class ImageSearch implements MeterBinder {
    /** Lance reads no others. */
    private static final Instant FIRST_TIME = Instant.parse("0001-01-01T00:00:00Z");

    private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59Z");

    /** More than anybody mixes by hand; it bounds what one request asks of the encoder. */
    static final int MOST_TERMS = 16;

    private final SearchMeters meters = new SearchMeters();
    private final QueryEncoder encoder;
    private final ImageDataset dataset;
    private final RelevanceCalibration calibration;
    private final SearchProperties bounds;

    ImageSearch(QueryEncoder encoder, ImageDataset dataset, RelevanceCalibration calibration, SearchProperties bounds) {
        this.encoder = encoder;
        this.dataset = dataset;
        this.calibration = calibration;
        this.bounds = bounds;
    }

    /**
     * What was found.
     *
     * @param model name of the model that was asked
     * @param mode by what it was found; {@link Mode#VECTOR} if both was asked for, and no row has the words
     * @param note what was asked for and could not be done; null if all was
     * @param truncated whether the end of a text did not fit into the model's context and was ignored, or there were too many words
     * @param results the best first
     * @param next cursor of the page after this one; null if there is none
     * @param freshness of what was searched
     * @param explanation what it took
     */
    public record Hits(
            String model,
            Mode mode,
            @Nullable String note,
            boolean truncated,
            List<Hit> results,
            @Nullable String next,
            Freshness freshness,
            Explanation explanation) {}

    /**
     * What was found in the past.
     *
     * @param version that was searched; null if it is not kept any more and today's pictures were searched instead
     * @param complete whether pictures are there that have been deleted since
     */
    record PastHits(@Nullable Long version, boolean complete, Hits hits) {}

    /** A page, and how it came about: see {@link Hits}. */
    private record Found(
            ResultPage page,
            Mode mode,
            boolean truncated,
            @Nullable String note) {}

    /**
     * Finds the pictures of today that a JSON object asks for. Waits for the encoder and for the table.
     *
     * @param query with the fields that {@code POST /search} takes, but for {@code version}, {@code asOf} and {@code facets}, which have no
     *     effect
     * @param ticket for what is decoded and encoded
     * @throws InvalidQueryException if a field is not known or not what it has to be, or two exclude each other
     * @throws PictureNotFoundException if there is no picture that the query shall be like
     * @throws WordsUnavailableException if only words are asked for, and they cannot be searched
     * @throws dev.glimpse.request.CursorExpiredException if the cursor is too old
     */
    public Hits search(JsonNode query, Ticket ticket) {
        ParameterValues values = ParameterValues.ofJson(query, SearchParameter.values());
        return search(SearchRequest.of(values, List.of(), mostHits()), ticket);
    }

    /**
     * Finds the pictures of today that are asked for, whatever version or time is named. Waits for the encoder and for the table.
     *
     * @param ticket for what is decoded and encoded
     * @throws InvalidQueryException if a text is blank or longer than allowed, the limit is out of its range, or the terms cancel each other
     *     out
     * @throws PictureNotFoundException if there is no picture that the query shall be like
     * @throws WordsUnavailableException if only words are asked for, and they cannot be searched
     * @throws dev.glimpse.request.CursorExpiredException if the cursor is too old
     */
    Hits search(SearchRequest request, Ticket ticket) {
        return measured(request, ticket, (at, asked, cut) -> find(request, at, asked, cut));
    }

    /**
     * Finds the pictures that were nearest in a version of the table. Takes and refuses what {@link #search} does.
     *
     * @throws dev.glimpse.dataset.VersionNotFoundException if the version is not kept
     */
    PastHits searchIn(long version, SearchRequest request, Ticket ticket) {
        return past(request, ticket, query -> dataset.nearestIn(version, query));
    }

    /**
     * Finds the pictures that were nearest at a moment, as far as versions of that time are kept. Takes and refuses what
     * {@link #search} does.
     *
     * @param time of the years 1 to 9999
     */
    PastHits searchAt(Instant time, SearchRequest request, Ticket ticket) {
        if (time.isBefore(FIRST_TIME) || time.isAfter(LAST_TIME)) {
            throw new InvalidQueryException("asOf must be of the years 1 to 9999: " + time);
        }
        return past(request, ticket, query -> dataset.nearestAt(time, query));
    }

    private PastHits past(SearchRequest request, Ticket ticket, Function<NearestQuery, PastNeighbors> table) {
        AtomicReference<@Nullable PastNeighbors> past = new AtomicReference<>();
        Hits hits = measured(
                request,
                ticket,
                (at, asked, cut) -> byVector(request, at, asked, null, query -> {
                    PastNeighbors found = table.apply(query);
                    past.set(found);
                    return found.nearest();
                }));
        PastNeighbors found = Objects.requireNonNull(past.get());
        return new PastHits(found.version(), found.complete(), hits);
    }

    /** How the page of a search is found that begins at a cursor. */
    private interface Search {
        Found at(SearchCursor cursor, QueryEncoder.Encoded asked, RelevanceCut cut);
    }

    private Hits measured(SearchRequest request, Ticket ticket, Search search) {
        RequestMeter bucket = new RequestMeter();
        try {
            return RequestMeter.measure(
                    bucket, RequestMeter.forUse(StoreUse.SEARCHES, () -> page(request, ticket, search, bucket)));
        } catch (RuntimeException e) {
            meters.failed(e);
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Hits page(SearchRequest request, Ticket ticket, Search search, RequestMeter bucket) {
        long start = System.nanoTime();
        requireValid(request);
        String named = request.model();
        ClipModel asking = named == null ? encoder.model() : encoder.model(named);
        int model = QueryEncoder.print(asking);
        String cursor = request.page().cursor();
        SearchCursor given = cursor == null ? null : SearchCursor.parse(cursor, model, Instant.now());
        QueryEncoder.Encoded asked = encoder.encode(request.terms(), asking, ticket);
        long print = request.page().print() + asked.print();
        if (given != null && given.query() != print) {
            throw new InvalidQueryException("cursor is of another query: send the parameters of the page that gave it,"
                    + " of which only limit, facets and explain may change");
        }
        RelevanceCut cut = cut(request, asked);
        long encoded = System.nanoTime();
        Found found = search.at(given == null ? SearchCursor.first(print, model, Instant.now()) : given, asked, cut);
        long end = System.nanoTime();
        meters.answered(start, encoded, end);
        ResultPage page = cut.of(found.page);
        return new Hits(
                asking.descriptor().name(),
                found.mode,
                joined(found.note, cut.note()),
                found.truncated,
                page.hits(),
                page.next() == null ? null : page.next().inText(),
                dataset.freshness(),
                Explanation.of(
                        page.effort(),
                        new Explanation.Milliseconds(
                                millis(encoded - start), millis(end - encoded), millis(end - start)),
                        bucket.totals()));
    }

    private RelevanceCut cut(SearchRequest request, QueryEncoder.Encoded asked) {
        Double least = request.minRelevance();
        Relevance known = request.hasRelevance() ? calibration.current(asked.model(), least != null) : null;
        return known == null
                ? new RelevanceCut(null, null, least == null ? null : calibration.whyUnknown(asked.model()))
                : new RelevanceCut(known.of(asked.vector(), asked.fragments()), least, null);
    }

    private static @Nullable String joined(@Nullable String one, @Nullable String other) {
        return one == null ? other : other == null ? one : one + ". " + other;
    }

    private static double millis(long nanos) {
        return nanos / 1e6;
    }

    private Found find(SearchRequest request, SearchCursor at, QueryEncoder.Encoded asked, RelevanceCut cut) {
        if (request.mode() == Mode.VECTOR || request.texts().isEmpty()) {
            return byVector(request, at, asked, null, dataset::nearest);
        }
        WordHits words;
        try {
            words = dataset.words(wordQuery(request, at, asked));
        } catch (WordsUnavailableException e) {
            if (request.mode() == Mode.TEXT) {
                throw e;
            }
            return byVector(request, at, asked, e.getMessage(), dataset::nearest);
        }
        List<Hit> byText = words.hits().stream()
                .filter(hit -> !asked.liked().contains(hit.id()))
                .map(Hit::of)
                .toList();
        boolean truncated = asked.truncated() || words.truncated();
        if (request.mode() == Mode.TEXT) {
            return new Found(
                    ResultPage.ofRanking(at, byText, request.limit(), words.effort()), Mode.TEXT, truncated, null);
        }
        if (byText.isEmpty()) {
            return byVector(request, at, asked, null, dataset::nearest);
        }
        return new Found(fused(request, at, asked, cut, byText), Mode.HYBRID, truncated, null);
    }

    private static Found byVector(
            SearchRequest request,
            SearchCursor at,
            QueryEncoder.Encoded asked,
            @Nullable String note,
            Function<NearestQuery, Nearest> table) {
        ResultPage page = ResultPage.ofNearest(at, query(request, asked), asked.liked(), request.limit(), table);
        return new Found(page, Mode.VECTOR, asked.truncated(), note);
    }

    /** The pictures that count most come first. After them come the others by their distance, without those that have come already. */
    private ResultPage fused(
            SearchRequest request, SearchCursor at, QueryEncoder.Encoded asked, RelevanceCut cut, List<Hit> byText) {
        NearestQuery query = query(request, asked);
        if (at.from() > 0) {
            return ResultPage.ofNearest(at, query, asked.liked(), request.limit(), dataset::nearest);
        }
        int depth = depth(request) + asked.liked().size();
        Nearest nearest = dataset.nearest(query.withK(depth));
        List<Hit> byVector = nearest.neighbors().stream()
                .filter(neighbor -> !asked.liked().contains(neighbor.id()))
                .map(Hit::of)
                .toList();
        List<Hit> all = Fusion.of(byVector, byText);
        List<Hit> ranking = cut.of(all);
        ResultPage page = ResultPage.ofRanking(at, ranking, request.limit(), nearest.effort());
        // What was left out is nearer than all that would follow the ranking.
        boolean isAll = ranking.size() < all.size() || nearest.neighbors().size() < depth;
        return page.next() != null || isAll
                ? page
                : page.filled(at, query, asked.liked(), request.limit(), dataset::nearest);
    }

    private static NearestQuery query(SearchRequest request, QueryEncoder.Encoded asked) {
        return new NearestQuery(asked.vector(), request.limit(), request.exact(), request.filter()).of(asked.model());
    }

    private static int depth(SearchRequest request) {
        return Math.max(request.limit(), Fusion.DEPTH);
    }

    private static WordQuery wordQuery(SearchRequest request, SearchCursor at, QueryEncoder.Encoded asked) {
        boolean alone = request.mode() == Mode.TEXT;
        return new WordQuery(
                request.texts(),
                request.unwantedTexts(),
                alone ? WordQuery.Match.ANY : WordQuery.Match.MOST,
                asked.vector(),
                // Of words alone one more, which tells whether there is another page.
                alone
                        ? request.limit() + 1 + at.seen().size()
                        : depth(request) + asked.liked().size(),
                request.filter(),
                asked.model());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }

    /** The name of the model that turns queries into vectors, if they name none. */
    public String model() {
        return encoder.model().descriptor().name();
    }

    /** The names of other models that queries may name. */
    List<String> otherModels() {
        return encoder.others();
    }

    /** The most characters of a text that is searched for. */
    public int longestText() {
        return bounds.textLength();
    }

    /** The most pictures that a search may ask for. */
    public int mostHits() {
        return bounds.limit();
    }

    private void requireValid(SearchRequest request) {
        List<Term> terms = request.terms();
        int limit = request.limit();
        Double least = request.minRelevance();
        if (least != null && !(least >= 0 && least <= 1)) {
            throw new InvalidQueryException("minRelevance must be a number from 0 to 1: " + least);
        }
        if (terms.size() > MOST_TERMS) {
            throw new InvalidQueryException(
                    "the query has " + terms.size() + " parts; at most " + MOST_TERMS + " are mixed");
        }
        for (Term term : terms) {
            if (term instanceof Term.Words words) {
                requireValid(words.weight() < 0 ? "not" : "text", words.text());
            }
        }
        if (limit < 1 || limit > bounds.limit()) {
            throw new InvalidQueryException("limit must be 1 to " + bounds.limit() + ": " + limit);
        }
    }

    private void requireValid(String parameter, String text) {
        if (text.isBlank()) {
            throw new InvalidQueryException(parameter + " is empty: say what the picture shows");
        }
        if (text.length() > bounds.textLength()) {
            throw new InvalidQueryException(parameter + " has " + text.length() + " characters; at most "
                    + bounds.textLength() + " are allowed");
        }
    }
}
