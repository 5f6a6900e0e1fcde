package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.PastNeighbors;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.Region;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds pictures by words and by pictures. Safe for use by several threads. */
public final class ImageSearch {
    /** Lance reads no others. */
    private static final Instant FIRST_TIME = Instant.parse("0001-01-01T00:00:00Z");

    private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59Z");

    private static final long ENCODER_DEADLINE_SECONDS = 10;
    private static final Duration MEMORY_PATIENCE = Duration.ofSeconds(10);

    /** More than anybody mixes by hand; it bounds what one request asks of the encoder. */
    static final int MOST_TERMS = 16;

    private final ClipModel model;
    private final ImageDecoder decoder;
    private final ImageDataset dataset;
    private final ObjectStore store;
    private final MemoryBudget memory;
    private final long largestPicture;
    private final SearchProperties bounds;

    /**
     * @param memory for the bytes of pictures that are searched for; at least one of the largest has to fit
     * @param largestPicture in bytes
     */
    ImageSearch(
            ClipModel model,
            ImageDecoder decoder,
            ImageDataset dataset,
            ObjectStore store,
            MemoryBudget memory,
            long largestPicture,
            SearchProperties bounds) {
        this.model = model;
        this.decoder = decoder;
        this.dataset = dataset;
        this.store = store;
        this.largestPicture = largestPicture;
        this.memory = memory;
        this.bounds = bounds;
    }

    /**
     * What was found.
     *
     * @param truncated whether the end of a text did not fit into the model's context and was ignored
     * @param results nearest first
     * @param next cursor of the page after this one; null if there is none
     * @param freshness of what was searched
     * @param explanation what it took
     */
    public record Hits(
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

    /**
     * A query as the table can be asked.
     *
     * @param print of all that is asked
     * @param liked ids of the pictures that the query is like: everybody knows that these are near
     */
    private record Asked(Embedding vector, boolean truncated, long print, Set<String> liked) {}

    /**
     * Finds the pictures nearest to these words. Waits for the encoder and for the table.
     *
     * @param tags that the pictures have all of; none for any pictures
     * @param limit from 1 on
     * @param ticket for the encoding of the text
     * @throws InvalidQueryException if the text is blank or longer than allowed, or the limit out of its range
     */
    public Hits search(String text, List<String> tags, int limit, Ticket ticket) {
        RowFilter filter =
                tags.isEmpty() ? RowFilter.NONE : new RowFilter(List.of(new RowFilter.AllTags(Set.copyOf(tags))));
        return search(new SearchRequest(List.of(new Term.Words(text, 1)), filter, limit), ticket);
    }

    /**
     * Finds the pictures of today that are asked for, whatever version or time is named. Waits for the encoder and for the table.
     *
     * @param ticket for what is decoded and encoded
     * @throws InvalidQueryException if a text is blank or longer than allowed, the limit is out of its range, or the terms cancel each other
     *     out
     * @throws PictureNotFoundException if there is no picture that the query shall be like
     * @throws dev.glimpse.request.CursorExpiredException if the cursor is too old
     */
    Hits search(SearchRequest request, Ticket ticket) {
        return page(request, ticket, dataset::nearest);
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
        Hits hits = page(request, ticket, query -> {
            PastNeighbors found = table.apply(query);
            past.set(found);
            return found.nearest();
        });
        PastNeighbors found = Objects.requireNonNull(past.get());
        return new PastHits(found.version(), found.complete(), hits);
    }

    private Hits page(SearchRequest request, Ticket ticket, Function<NearestQuery, Nearest> table) {
        RequestMeter bucket = new RequestMeter();
        try {
            return RequestMeter.measure(bucket, () -> page(request, ticket, table, bucket));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Hits page(
            SearchRequest request, Ticket ticket, Function<NearestQuery, Nearest> table, RequestMeter bucket) {
        long start = System.nanoTime();
        requireValid(request.terms(), request.limit());
        int fingerprint = (int) SearchCursor.print(model.descriptor().fingerprint());
        String cursor = request.page().cursor();
        SearchCursor given = cursor == null ? null : SearchCursor.parse(cursor, fingerprint, Instant.now());
        Asked asked = ask(request, ticket);
        if (given != null && given.query() != asked.print) {
            throw new InvalidQueryException("cursor is of another query: send the parameters of the page that gave it,"
                    + " of which only limit, facets and explain may change");
        }
        long vectors = System.nanoTime();
        ResultPage page = ResultPage.of(
                given == null ? SearchCursor.first(asked.print, fingerprint, Instant.now()) : given,
                new NearestQuery(asked.vector, request.limit(), request.exact(), request.filter()),
                asked.liked,
                request.limit(),
                table);
        long end = System.nanoTime();
        return new Hits(
                asked.truncated,
                page.neighbors().stream().map(Hit::of).toList(),
                page.next() == null ? null : page.next().inText(),
                dataset.freshness(),
                Explanation.of(
                        page.effort(),
                        new Explanation.Milliseconds(
                                millis(vectors - start), millis(end - vectors), millis(end - start)),
                        bucket.totals()));
    }

    private static double millis(long nanos) {
        return nanos / 1e6;
    }

    /** The most characters of a text that is searched for. */
    public int longestText() {
        return bounds.textLength();
    }

    /** The most pictures that a search may ask for. */
    public int mostHits() {
        return bounds.limit();
    }

    private Asked ask(SearchRequest request, Ticket ticket) {
        List<Term> terms = request.terms();
        List<CompletableFuture<TermVector>> vectors = new ArrayList<>();
        terms.forEach(term -> vectors.add(vector(term, ticket)));
        Mixture mixture = new Mixture(model.descriptor().dimension());
        boolean truncated = false;
        long print = request.page().print();
        for (int i = 0; i < terms.size(); i++) {
            TermVector vector = await(vectors.get(i));
            mixture.add(vector.vector, terms.get(i).weight());
            truncated |= vector.truncated;
            print = print * 31 + vector.print;
        }
        Set<String> liked = terms.stream()
                .filter(Term.Like.class::isInstance)
                .map(term -> ((Term.Like) term).id().toString())
                .collect(Collectors.toSet());
        return new Asked(mixture.direction(), truncated, print, liked);
    }

    /** @param print of what the request's parameters do not say */
    private record TermVector(Embedding vector, boolean truncated, long print) {}

    private void requireValid(List<Term> terms, int limit) {
        if (terms.size() > MOST_TERMS) {
            throw new InvalidQueryException(
                    "the query has " + terms.size() + " parts; at most " + MOST_TERMS + " are mixed");
        }
        for (Term term : terms) {
            if (term instanceof Term.Words words) {
                requireValid(words.text());
            }
        }
        if (limit < 1 || limit > bounds.limit()) {
            throw new InvalidQueryException("limit must be 1 to " + bounds.limit() + ": " + limit);
        }
    }

    private void requireValid(String text) {
        if (text.isBlank()) {
            throw new InvalidQueryException("text is empty: say what the picture shows");
        }
        if (text.length() > bounds.textLength()) {
            throw new InvalidQueryException(
                    "text has " + text.length() + " characters; at most " + bounds.textLength() + " are allowed");
        }
    }

    private CompletableFuture<TermVector> vector(Term term, Ticket ticket) {
        if (term instanceof Term.Words words) {
            // Another future: the embedding may be shared with others, and a timeout is ours alone.
            return model.embed(words.text(), ticket)
                    .thenApply(text -> new TermVector(text.embedding(), text.truncated(), 0));
        }
        if (term instanceof Term.Sample sample) {
            return vectorOf(sample, ticket);
        }
        Term.Like like = (Term.Like) term;
        return like.region() == null
                ? CompletableFuture.completedFuture(new TermVector(vectorOf(like), false, 0))
                : vectorOf(originalOf(like), ticket);
    }

    /** The original as if it had come with the request. It is read from the store. */
    private Term.Sample originalOf(Term.Like like) {
        String id = like.id().toString();
        Long size = dataset.find(like.id()).orElseThrow(() -> unknown(like)).bytes();
        return new Term.Sample(
                () -> store.get(id).orElseThrow(() -> unknown(like)),
                size == null ? largestPicture : Math.min(size, largestPicture),
                like.weight(),
                like.region());
    }

    private CompletableFuture<TermVector> vectorOf(Term.Sample sample, Ticket ticket) {
        try (Lease lease = memory.acquire(sample.size(), ticket, MEMORY_PATIENCE)) {
            byte[] bytes = sample.bytes().read();
            lease.shrinkTo(Math.min(bytes.length, sample.size()));
            long print = Arrays.hashCode(bytes);
            Region region = sample.region();
            CompletableFuture<Embedding> vector = region == null
                    ? decoder.decode(bytes, ticket, image -> model.embed(image, ticket))
                    : decoder.decode(bytes, region, ticket, image -> model.embed(part(image, region), ticket));
            return vector.thenApply(embedding -> new TermVector(embedding, false, print));
        } catch (TimeoutException e) {
            throw new RejectedExecutionException("more pictures are searched for than fit into memory", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException("the server stops", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a picture that is searched for", e);
        }
    }

    private static DecodedImage part(DecodedImage image, Region region) {
        if (!region.isWithin(image.width(), image.height())) {
            throw new InvalidQueryException(
                    "crop reaches beyond the picture, which has " + image.width() + " x " + image.height() + " pixels");
        }
        return image.part(region);
    }

    private Embedding vectorOf(Term.Like like) {
        return dataset.vectorOf(like.id()).orElseThrow(() -> unknown(like));
    }

    private static PictureNotFoundException unknown(Term.Like like) {
        return new PictureNotFoundException("no row of the picture " + like.id() + " is known");
    }

    private static <T> T await(CompletableFuture<T> vector) {
        try {
            return vector.orTimeout(ENCODER_DEADLINE_SECONDS, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof EncoderBusyException busy) {
                throw busy;
            }
            throw e;
        }
    }
}
