package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.Region;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** Makes one vector of all that a search is for. Safe for use by several threads. */
final class QueryEncoder {
    private static final long ENCODER_DEADLINE_SECONDS = 10;
    private static final Duration MEMORY_PATIENCE = Duration.ofSeconds(10);

    private final Models models;
    private final ImageDecoder decoder;
    private final ImageDataset dataset;
    private final ObjectStore store;
    private final MemoryBudget memory;
    private final long largestPicture;

    /**
     * @param memory for the bytes of pictures that are searched for; at least one of the largest has to fit
     * @param largestPicture in bytes
     */
    QueryEncoder(
            Models models,
            ImageDecoder decoder,
            ImageDataset dataset,
            ObjectStore store,
            MemoryBudget memory,
            long largestPicture) {
        this.models = models;
        this.decoder = decoder;
        this.dataset = dataset;
        this.store = store;
        this.memory = memory;
        this.largestPicture = largestPicture;
    }

    /**
     * A query as the table can be asked.
     *
     * @param model fingerprint of the model that made the vector
     * @param truncated whether the end of a text did not fit into the model's context and was ignored
     * @param print of the pictures that came with the request, 0 if there are none
     * @param fragments of the text whose words the model knows least: see {@link dev.glimpse.embedding.TextEmbedding#fragments}
     * @param liked ids of the pictures that the query is like: everybody knows that these are near
     */
    record Encoded(String model, Embedding vector, boolean truncated, long print, int fragments, Set<String> liked) {}

    /** The model that searches use if they name none: that of the column which the table is searched by here. */
    ClipModel model() {
        return dataset.models()
                .served()
                .flatMap(column -> models.of(column.model().fingerprint()))
                .orElse(models.configured());
    }

    /**
     * The model that a search names.
     *
     * @param name its name, or its fingerprint
     * @throws InvalidQueryException if the table has no vectors of it, or this server lacks it
     */
    ClipModel model(String name) {
        List<ModelStamp> known = dataset.models().models().map(TableModels::columns).orElse(List.of()).stream()
                .map(VectorColumn::model)
                .toList();
        ModelStamp named = known.stream()
                .filter(model -> name.equals(model.name()) || name.equals(model.fingerprint()))
                .findFirst()
                .orElseThrow(() -> new InvalidQueryException("model must be one that the table has vectors of, "
                        + known.stream().map(ModelStamp::name).collect(Collectors.joining(" or ")) + ": "
                        + ParameterValues.shortened(name)));
        return models.of(named.fingerprint())
                .orElseThrow(() -> new InvalidQueryException(
                        "this server lacks the model " + named.name() + ", so it cannot ask it"));
    }

    /** The models that can be asked beside that of {@link #model()}, by name. */
    List<String> others() {
        String served = fingerprint(model());
        return dataset.models().models().map(TableModels::columns).orElse(List.of()).stream()
                .map(VectorColumn::model)
                .filter(model -> !model.fingerprint().equals(served)
                        && models.of(model.fingerprint()).isPresent())
                .map(ModelStamp::name)
                .toList();
    }

    /** The fingerprint that columns of vectors are known by. */
    static String fingerprint(ClipModel model) {
        return model.descriptor().tableFingerprint();
    }

    /** A number that is very likely another one for another model. */
    static int print(ClipModel model) {
        return (int) SearchCursor.print(model.descriptor().fingerprint());
    }

    /**
     * Mixes the terms. Waits for the encoder.
     *
     * @throws InvalidQueryException if the terms cancel each other out, or a region is not in its picture
     * @throws PictureNotFoundException if there is no picture that the query shall be like
     */
    Encoded encode(List<Term> terms, ClipModel model, Ticket ticket) {
        List<CompletableFuture<TermVector>> vectors = new ArrayList<>();
        terms.forEach(term -> vectors.add(vector(term, model, ticket)));
        Mixture mixture = new Mixture(model.descriptor().dimension());
        boolean truncated = false;
        long print = 0;
        int fragments = 0;
        for (int i = 0; i < terms.size(); i++) {
            TermVector vector = await(vectors.get(i));
            mixture.add(vector.vector, terms.get(i).weight());
            truncated |= vector.truncated;
            print = print * 31 + vector.print;
            fragments = Math.max(fragments, vector.fragments);
        }
        Set<String> liked = terms.stream()
                .filter(Term.Like.class::isInstance)
                .map(term -> ((Term.Like) term).id().toString())
                .collect(Collectors.toSet());
        return new Encoded(fingerprint(model), mixture.direction(), truncated, print, fragments, liked);
    }

    /** @param print of what the request's parameters do not say */
    private record TermVector(Embedding vector, boolean truncated, long print, int fragments) {}

    private CompletableFuture<TermVector> vector(Term term, ClipModel model, Ticket ticket) {
        if (term instanceof Term.Words words) {
            // Another future: the embedding may be shared with others, and a timeout is ours alone.
            return model.embed(words.text(), ticket)
                    .thenApply(text -> new TermVector(text.embedding(), text.truncated(), 0, text.fragments()));
        }
        if (term instanceof Term.Sample sample) {
            return vectorOf(sample, model, ticket);
        }
        Term.Like like = (Term.Like) term;
        return like.region() == null
                ? CompletableFuture.completedFuture(new TermVector(vectorOf(like, model), false, 0, 0))
                : vectorOf(originalOf(like), model, ticket);
    }

    /** The original as if it had come with the request. It is read from the store. */
    private Term.Sample originalOf(Term.Like like) {
        String id = like.id().toString();
        Picture picture = dataset.find(like.id()).orElseThrow(() -> unknown(like));
        Long size = picture.bytes();
        String key = SourceRows.keyIn(id, picture.path()).orElse(id);
        return new Term.Sample(
                // A source may have put other bytes there since.
                () -> store.get(key, size == null || key.equals(id) ? Long.MAX_VALUE : size)
                        .filter(bytes -> key.equals(id)
                                || ImageId.of(bytes, like.id().format()).equals(like.id()))
                        .orElseThrow(() -> unknown(like)),
                size == null ? largestPicture : Math.min(size, largestPicture),
                like.weight(),
                like.region());
    }

    private CompletableFuture<TermVector> vectorOf(Term.Sample sample, ClipModel model, Ticket ticket) {
        try (Lease lease = memory.acquire(sample.size(), ticket, MEMORY_PATIENCE)) {
            byte[] bytes = sample.bytes().read();
            lease.shrinkTo(Math.min(bytes.length, sample.size()));
            long print = Arrays.hashCode(bytes);
            Region region = sample.region();
            CompletableFuture<Embedding> vector = region == null
                    ? decoder.decode(bytes, ticket, image -> model.embed(image, ticket))
                    : decoder.decode(bytes, region, ticket, image -> model.embed(part(image, region), ticket));
            return vector.thenApply(embedding -> new TermVector(embedding, false, print, 0));
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

    private Embedding vectorOf(Term.Like like, ClipModel model) {
        return dataset.vectorOf(like.id(), fingerprint(model)).orElseThrow(() -> unknown(like));
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
            if (e.getCause() instanceof TimeoutException) {
                throw new EncoderBusyException("the query was not encoded within " + ENCODER_DEADLINE_SECONDS
                        + " s: too much waits for the encoder");
            }
            throw e;
        }
    }
}
