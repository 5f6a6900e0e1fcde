package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.PastNeighbors;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.embedding.TextEmbedding;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.request.InvalidQueryException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Finds pictures by words. Safe for use by several threads. */
public final class ImageSearch {
    /** Lance reads no others. */
    private static final Instant FIRST_TIME = Instant.parse("0001-01-01T00:00:00Z");

    private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59Z");

    private static final long ENCODER_DEADLINE_SECONDS = 10;

    private final ClipModel model;
    private final ImageDataset dataset;
    private final SearchProperties bounds;

    ImageSearch(ClipModel model, ImageDataset dataset, SearchProperties bounds) {
        this.model = model;
        this.dataset = dataset;
        this.bounds = bounds;
    }

    /**
     * What was found.
     *
     * @param truncated whether the end of the query did not fit into the model's context and was ignored
     * @param neighbors nearest first
     * @param freshness of what was searched
     */
    public record Hits(boolean truncated, List<Neighbor> neighbors, Freshness freshness) {}

    /**
     * What was found in the past.
     *
     * @param truncated whether the end of the query did not fit into the model's context and was ignored
     */
    public record PastHits(boolean truncated, PastNeighbors found) {}

    /**
     * Finds the pictures nearest to these words. Waits for the encoder and for the table. Safe for use by several threads.
     *
     * @param limit from 1 on
     * @param exact whether to go around an index
     * @param ticket for the encoding of the text
     * @throws InvalidQueryException if the text is blank or longer than allowed, or the limit out of its range
     */
    public Hits search(String text, int limit, boolean exact, Ticket ticket) {
        requireValid(text, limit);
        TextEmbedding query = embed(text, ticket);
        return new Hits(query.truncated(), dataset.nearest(query.embedding(), limit, exact), dataset.freshness());
    }

    /**
     * Finds the pictures that were nearest to these words in a version of the table. Takes and refuses what {@link #search} does.
     *
     * @throws dev.glimpse.dataset.VersionNotFoundException if the version is not kept
     */
    public PastHits searchIn(long version, String text, int limit, boolean exact, Ticket ticket) {
        requireValid(text, limit);
        TextEmbedding query = embed(text, ticket);
        return new PastHits(
                query.truncated(), dataset.nearestIn(version, new NearestQuery(query.embedding(), limit, exact)));
    }

    /**
     * Finds the pictures that were nearest to these words at a moment, as far as versions of that time are kept. Takes and refuses what
     * {@link #search} does.
     *
     * @param time of the years 1 to 9999
     */
    public PastHits searchAt(Instant time, String text, int limit, boolean exact, Ticket ticket) {
        requireValid(text, limit);
        if (time.isBefore(FIRST_TIME) || time.isAfter(LAST_TIME)) {
            throw new InvalidQueryException("asOf must be of the years 1 to 9999: " + time);
        }
        TextEmbedding query = embed(text, ticket);
        return new PastHits(
                query.truncated(), dataset.nearestAt(time, new NearestQuery(query.embedding(), limit, exact)));
    }

    /** The most characters of a text that is searched for. */
    public int longestText() {
        return bounds.textLength();
    }

    /** The most pictures that a search may ask for. */
    public int mostHits() {
        return bounds.limit();
    }

    private void requireValid(String text, int limit) {
        if (text.isBlank()) {
            throw new InvalidQueryException("text is empty: say what the picture shows");
        }
        if (text.length() > bounds.textLength()) {
            throw new InvalidQueryException(
                    "text has " + text.length() + " characters; at most " + bounds.textLength() + " are allowed");
        }
        if (limit < 1 || limit > bounds.limit()) {
            throw new InvalidQueryException("limit must be 1 to " + bounds.limit() + ": " + limit);
        }
    }

    private TextEmbedding embed(String text, Ticket ticket) {
        try {
            // a copy: the embedding may be shared with others, and a timeout is ours alone
            return model.embed(text, ticket)
                    .copy()
                    .orTimeout(ENCODER_DEADLINE_SECONDS, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof EncoderBusyException busy) {
                throw busy;
            }
            throw e;
        }
    }
}
