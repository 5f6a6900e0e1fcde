package dev.glimpse.stats;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the server has done since its start, as its meters tell it. Times are in seconds. */
public record Activity(
        Uploads uploads,
        Searches searches,
        List<Encoder> encoders,
        Decoder decoder,
        Commits commits,
        List<Cache> caches,
        List<StoreLatency> store) {
    private static final List<String> CLASSES = List.of("a", "b", "free");
    private static final List<String> UPLOAD_STEPS = List.of("wait", "decode", "store", "encode");
    private static final List<String> SEARCH_STEPS = List.of("encode", "wait", "scan", "rows", "words");

    /**
     * What so many calls took.
     *
     * @param seconds of all together
     * @param p50 of the last five minutes, like the others; null if there was no call
     */
    public record Latency(
            long count,
            double seconds,
            @Nullable Double p50,
            @Nullable Double p95,
            @Nullable Double p99) {
        static Latency of(Figures figures, String timer) {
            return new Latency(
                    figures.whole(timer),
                    figures.sum(timer),
                    figures.percentile(timer, 0.5),
                    figures.percentile(timer, 0.95),
                    figures.percentile(timer, 0.99));
        }
    }

    /** One step of uploads or searches. */
    public record Step(String step, long count, double seconds) {
        static List<Step> all(Figures figures, String timer, List<String> steps) {
            return steps.stream()
                    .map(step -> new Step(step, figures.whole(timer, "step", step), figures.sum(timer, "step", step)))
                    .toList();
        }
    }

    /** Uploads by what became of them. Refused ones were no pictures that are taken; failed ones may be sent again. */
    public record Uploads(long stored, long known, long refused, long failed, Latency latency, List<Step> steps) {}

    /** Searches by what became of them. */
    public record Searches(long answered, long refused, long failed, Latency latency, List<Step> steps) {}

    /**
     * One encoder of the model.
     *
     * @param encoder {@code image} or {@code text}
     * @param queue inputs that wait now
     * @param waitSeconds of all inputs together
     * @param runSeconds of all batches together
     */
    public record Encoder(
            String encoder, long queue, long inputs, long batches, double waitSeconds, double runSeconds) {
        static Encoder of(Figures figures, String encoder) {
            return new Encoder(
                    encoder,
                    Math.round(figures.value("glimpse.encoder.queue", "encoder", encoder)),
                    figures.whole("glimpse.encoder.wait", "encoder", encoder),
                    figures.whole("glimpse.encoder.run", "encoder", encoder),
                    figures.sum("glimpse.encoder.wait", "encoder", encoder),
                    figures.sum("glimpse.encoder.run", "encoder", encoder));
        }
    }

    /** What makes pixels of pictures. */
    public record Decoder(long queue, long pictures, double waitSeconds, double runSeconds) {}

    /** Commits of rows. */
    public record Commits(long commits, long rows, long failures, double seconds) {}

    /** What a cache was asked for. */
    public record Cache(String cache, long hits, long misses) {
        static Cache of(Figures figures, String cache) {
            return new Cache(
                    cache,
                    figures.whole("glimpse.cache.requests", "cache", cache, "result", "hit"),
                    figures.whole("glimpse.cache.requests", "cache", cache, "result", "miss"));
        }
    }

    /** Answers of the bucket to requests of one class. */
    public record StoreLatency(@JsonProperty("class") String requestClass, long count, double seconds) {}

    static Activity of(Figures figures) {
        return new Activity(
                new Uploads(
                        figures.whole("glimpse.uploads", "outcome", "stored"),
                        figures.whole("glimpse.uploads", "outcome", "known"),
                        figures.whole("glimpse.uploads", "outcome", "refused"),
                        figures.whole("glimpse.uploads", "outcome", "failed"),
                        Latency.of(figures, "glimpse.upload.latency"),
                        Step.all(figures, "glimpse.upload.step", UPLOAD_STEPS)),
                new Searches(
                        figures.whole("glimpse.searches", "outcome", "answered"),
                        figures.whole("glimpse.searches", "outcome", "refused"),
                        figures.whole("glimpse.searches", "outcome", "failed"),
                        Latency.of(figures, "glimpse.search.latency"),
                        Step.all(figures, "glimpse.search.step", SEARCH_STEPS)),
                Stream.of("image", "text")
                        .map(encoder -> Encoder.of(figures, encoder))
                        .toList(),
                new Decoder(
                        Math.round(figures.value("glimpse.decoder.queue")),
                        figures.whole("glimpse.decoder.run"),
                        figures.sum("glimpse.decoder.wait"),
                        figures.sum("glimpse.decoder.run")),
                new Commits(
                        figures.whole("glimpse.commit.latency"),
                        Math.round(figures.sum("glimpse.commit.rows")),
                        figures.whole("glimpse.commit.failures"),
                        figures.sum("glimpse.commit.latency")),
                Stream.of("thumbnails", "originals", "texts")
                        .map(cache -> Cache.of(figures, cache))
                        .toList(),
                CLASSES.stream()
                        .map(each -> new StoreLatency(
                                each,
                                figures.whole("glimpse.store.latency", "class", each),
                                figures.sum("glimpse.store.latency", "class", each)))
                        .toList());
    }
}
