package dev.glimpse.search;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.Models;
import dev.glimpse.embedding.TextEmbedding;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures for {@link Relevance} what this model and this table make of texts that mean nothing. Needs no labels: 200 fixed texts of made-up
 * words, in the forms in which people ask, are searched for in the background, as soon as the table has rows enough, and again when it has
 * twice as many rows or half as many. Safe for use by several threads. Owns a thread; close it after the last use.
 */
final class RelevanceCalibration implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RelevanceCalibration.class);

    /** Of fewer pictures the nearest ones say little of the table. */
    static final int LEAST_ROWS = 50;

    private static final int GROWTH = 2;

    /** Pictures that a text is compared with, to within 5 % of the deviation over all: 1 / sqrt(2 n). */
    private static final int SAMPLE = 256;

    /** What the first search of a table waits for its measurement. With the small model it takes about half a second. */
    private static final long PATIENCE_MILLIS = 3_000;

    private static final List<String> TEXTS = texts();

    private final Models models;
    private final ImageDataset dataset;
    private final FairScheduler scheduler;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "relevance-calibration"));

    /** What was measured last, null before. Replaced as a whole. */
    private volatile @Nullable Measured measured;

    /** The measurement that runs, null if none does. Guarded by this. */
    private @Nullable CompletableFuture<@Nullable Measured> running;

    /**
     * @param model fingerprint of the model that it was measured with
     * @param rows of the table when it was measured
     */
    private record Measured(String model, Relevance relevance, long rows) {
        boolean fits(long now) {
            return now < GROWTH * rows && GROWTH * now > rows;
        }
    }

    RelevanceCalibration(Models models, ImageDataset dataset, FairScheduler scheduler) {
        this.models = models;
        this.dataset = dataset;
        this.scheduler = scheduler;
    }

    /**
     * What is known of the table as it is. Starts a measurement if it has changed too much since the last one.
     *
     * @param model fingerprint of the model that was asked
     * @param patient whether to wait a little for the first measurement of a table
     * @return null if it is not known: the table has less than {@value #LEAST_ROWS} rows, or is not in memory, or another model is the active one, or it
     *     is just being measured for the first time
     */
    @Nullable Relevance current(String model, boolean patient) {
        long rows = dataset.rowsInMemory();
        ClipModel asked = models.of(model).orElse(null);
        if (rows < LEAST_ROWS || asked == null || !isServed(model)) {
            return null;
        }
        Measured known = measured;
        if (known != null && !known.model.equals(model)) {
            known = null;
        }
        if (known == null || !known.fits(rows)) {
            CompletableFuture<@Nullable Measured> measurement = measure(asked, rows);
            if (known == null && patient) {
                known = measurement
                        .copy()
                        .completeOnTimeout(null, PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                        .join();
            }
        }
        // The measurement that ran may have been of another model.
        return known == null || !known.model.equals(model) ? null : known.relevance;
    }

    /** Why {@link #current} does not know it, for people. */
    String whyUnknown(String model) {
        long rows = dataset.rowsInMemory();
        String why = rows == 0
                ? "the table is not in memory"
                : rows < LEAST_ROWS
                        ? "there are fewer than " + LEAST_ROWS + " pictures"
                        : isServed(model)
                                ? "it is being measured, so ask again in some seconds"
                                : "it is measured for the model alone that searches use if they name none";
        return "minRelevance left nothing out, as the relevance of hits is not known: " + why;
    }

    private boolean isServed(String model) {
        return dataset.models()
                .served()
                .map(column -> column.model().fingerprint().equals(model))
                .orElse(false);
    }

    private synchronized CompletableFuture<@Nullable Measured> measure(ClipModel model, long rows) {
        if (running == null || running.isDone()) {
            running = CompletableFuture.supplyAsync(() -> similaritiesOf(model, rows), thread);
        }
        return running;
    }

    private @Nullable Measured similaritiesOf(ClipModel model, long rows) {
        String fingerprint = QueryEncoder.fingerprint(model);
        try {
            List<Embedding> sample = dataset.sample(SAMPLE, fingerprint);
            if (sample.size() < LEAST_ROWS) {
                return null; // Rows that wait to be committed are not in the sample.
            }
            List<Double> similarities = new ArrayList<>();
            for (String text : TEXTS) {
                // One after another, each with the least urgent purpose, so that searches and uploads of others go
                // first.
                Ticket ticket = scheduler.ticket(new Flow("relevance", "", Purpose.UPLOAD));
                TextEmbedding vector = model.embed(text, ticket).join();
                OptionalDouble distance = dataset.nearestDistance(vector.embedding(), fingerprint);
                distance.ifPresent(nearest -> similarities.add(1 - nearest));
            }
            if (similarities.isEmpty()) {
                return null;
            }
            Relevance relevance = Relevance.measured(
                    similarities.stream().mapToDouble(Double::doubleValue).toArray(), sample);
            log.info("relevance level={} spread={} rows={}", relevance.level(), relevance.spread(), rows);
            Measured result = new Measured(fingerprint, relevance, rows);
            measured = result;
            return result;
        } catch (RuntimeException e) {
            log.warn("the relevance of hits could not be calibrated: {}", e.toString());
            return null;
        }
    }

    private static List<String> texts() {
        try (InputStream file = RelevanceCalibration.class.getResourceAsStream("nonsense.txt")) {
            if (file == null) {
                throw new IllegalStateException("nonsense.txt is missing");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Twice is fine. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
