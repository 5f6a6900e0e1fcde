package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.PastNeighbors;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.embedding.TextEmbedding;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    private final RelevanceCalibration calibration;
    private final MemoryBudget memory;
    private final SearchProperties bounds;

    /** @param memory for the bytes of pictures that are searched for; at least one of the largest has to fit */
    ImageSearch(
            ClipModel model,
            ImageDecoder decoder,
            ImageDataset dataset,
            RelevanceCalibration calibration,
            MemoryBudget memory,
            SearchProperties bounds) {
        this.model = model;
        this.decoder = decoder;
        this.dataset = dataset;
        this.calibration = calibration;
        this.memory = memory;
        this.bounds = bounds;
    }

    /**
     * What was found.
     *
     * @param truncated whether the end of a text did not fit into the model's context and was ignored
     * @param results nearest first
     * @param freshness of what was searched
     */
    public record Hits(boolean truncated, List<Hit> results, Freshness freshness) {}

    /**
     * What was found in the past.
     *
     * @param truncated whether the end of a text did not fit into the model's context and was ignored
     * @param version that was searched; null if it is not kept any more and today's pictures were searched instead
     * @param complete whether pictures are there that have been deleted since
     * @param results nearest first
     */
    record PastHits(boolean truncated, @Nullable Long version, boolean complete, List<Hit> results) {}

    /** A query as the table can be asked. */
    private record Asked(NearestQuery query, boolean truncated, int fragments, Set<String> liked) {
        /** Without the pictures that the query is like: everybody knows that these are near. */
        List<Hit> others(List<Neighbor> neighbors, int limit, @Nullable Relevance relevance) {
            return neighbors.stream()
                    .filter(neighbor -> !liked.contains(neighbor.id()))
                    .limit(limit)
                    .map(neighbor ->
                            Hit.of(neighbor, relevance == null ? null : relevance.of(neighbor.distance(), fragments)))
                    .toList();
        }
    }

    /**
     * Finds the pictures nearest to these words. Waits for the encoder and for the table.
     *
     * @param limit from 1 on
     * @param minRelevance below which a hit is left out, from 0 to 1; null for none
     * @param ticket for the encoding of the text
     * @throws InvalidQueryException if the text is blank or longer than allowed, or the limit out of its range
     */
    public Hits search(String text, int limit, @Nullable Double minRelevance, Ticket ticket) {
        return search(SearchRequest.of(text, limit, false, minRelevance), ticket);
    }

    /**
     * Finds the pictures of today that are asked for, whatever version or time is named. Waits for the encoder and for the table.
     *
     * @param ticket for what is decoded and encoded
     * @throws InvalidQueryException if a text is blank or longer than allowed, the limit is out of its range, or the terms cancel each other
     *     out
     * @throws PictureNotFoundException if there is no picture that the query shall be like
     */
    Hits search(SearchRequest request, Ticket ticket) {
        Asked asked = ask(request, ticket);
        List<Neighbor> nearest = dataset.nearest(asked.query);
        List<Hit> hits = asked.others(nearest, request.limit(), request.isOneText() ? calibration.current() : null);
        return new Hits(asked.truncated, relevant(hits, request.minRelevance()), dataset.freshness());
    }

    /** Without those that are known to be less relevant. */
    private static List<Hit> relevant(List<Hit> hits, @Nullable Double minRelevance) {
        return minRelevance == null
                ? hits
                : hits.stream()
                        .filter(hit -> hit.relevance() == null || hit.relevance() >= minRelevance)
                        .toList();
    }

    /**
     * Finds the pictures that were nearest in a version of the table. Takes and refuses what {@link #search} does.
     *
     * @throws dev.glimpse.dataset.VersionNotFoundException if the version is not kept
     */
    PastHits searchIn(long version, SearchRequest request, Ticket ticket) {
        Asked asked = ask(request, ticket);
        return past(asked, dataset.nearestIn(version, asked.query), request.limit());
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
        Asked asked = ask(request, ticket);
        return past(asked, dataset.nearestAt(time, asked.query), request.limit());
    }

    private static PastHits past(Asked asked, PastNeighbors found, int limit) {
        return new PastHits(
                asked.truncated, found.version(), found.complete(), asked.others(found.neighbors(), limit, null));
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
        requireValid(terms, request.limit());
        Double minRelevance = request.minRelevance();
        if (minRelevance != null && !(minRelevance >= 0 && minRelevance <= 1)) {
            throw new InvalidQueryException("minRelevance must be a number from 0 to 1: " + minRelevance);
        }
        List<CompletableFuture<TextEmbedding>> vectors = new ArrayList<>();
        terms.forEach(term -> vectors.add(vector(term, ticket)));
        Mixture mixture = new Mixture(model.descriptor().dimension());
        boolean truncated = false;
        int fragments = 0;
        for (int i = 0; i < terms.size(); i++) {
            TextEmbedding vector = await(vectors.get(i));
            mixture.add(vector.embedding(), terms.get(i).weight());
            truncated |= vector.truncated();
            fragments = Math.max(fragments, vector.fragments());
        }
        Set<String> liked = terms.stream()
                .filter(Term.Like.class::isInstance)
                .map(term -> ((Term.Like) term).id().toString())
                .collect(Collectors.toSet());
        NearestQuery query = new NearestQuery(
                mixture.direction(), request.limit() + liked.size(), request.exact(), request.filter());
        return new Asked(query, truncated, fragments, liked);
    }

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

    private CompletableFuture<TextEmbedding> vector(Term term, Ticket ticket) {
        if (term instanceof Term.Words words) {
            // A copy: the embedding may be shared with others, and a timeout is ours alone.
            return model.embed(words.text(), ticket).copy();
        }
        return (term instanceof Term.Like like
                        ? CompletableFuture.completedFuture(vectorOf(like))
                        : vectorOf((Term.Sample) term, ticket))
                .thenApply(vector -> new TextEmbedding(vector, false, 0));
    }

    private CompletableFuture<Embedding> vectorOf(Term.Sample sample, Ticket ticket) {
        try (Lease lease = memory.acquire(sample.size(), ticket, MEMORY_PATIENCE)) {
            byte[] bytes = sample.bytes().read();
            lease.shrinkTo(bytes.length);
            return decoder.decode(bytes, ticket, image -> model.embed(image, ticket));
        } catch (TimeoutException e) {
            throw new RejectedExecutionException("more pictures are searched for than fit into memory", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException("the server stops", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a picture that is searched for", e);
        }
    }

    private Embedding vectorOf(Term.Like like) {
        return dataset.vectorOf(like.id())
                .orElseThrow(() -> new PictureNotFoundException("no row of the picture " + like.id() + " is known"));
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
