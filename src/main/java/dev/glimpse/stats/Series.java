package dev.glimpse.stats;

import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** What is remembered of each moment. */
enum Series {
    PICTURES("pictures", false, figures -> figures.value("glimpse.rows")),
    PENDING_ROWS("pendingRows", false, figures -> figures.value("glimpse.rows", "state", "pending")),
    PICTURE_BYTES("pictureBytes", false, figures -> figures.value("glimpse.pictures.bytes")),
    TABLE_BYTES("tableBytes", false, figures -> figures.value("glimpse.table.bytes")),
    UPLOADS("uploads", true, figures -> figures.count("glimpse.upload.latency")),
    UPLOAD_P50("uploadP50", false, figures -> seconds(figures.percentile("glimpse.upload.latency", 0.5))),
    UPLOAD_P95("uploadP95", false, figures -> seconds(figures.percentile("glimpse.upload.latency", 0.95))),
    UPLOAD_P99("uploadP99", false, figures -> seconds(figures.percentile("glimpse.upload.latency", 0.99))),
    SEARCHES("searches", true, figures -> figures.count("glimpse.search.latency")),
    SEARCH_P50("searchP50", false, figures -> seconds(figures.percentile("glimpse.search.latency", 0.5))),
    SEARCH_P95("searchP95", false, figures -> seconds(figures.percentile("glimpse.search.latency", 0.95))),
    SEARCH_P99("searchP99", false, figures -> seconds(figures.percentile("glimpse.search.latency", 0.99))),
    FAILURES(
            "failures",
            true,
            figures -> figures.count("glimpse.uploads", "outcome", "failed")
                    + figures.count("glimpse.searches", "outcome", "failed")),
    ENCODED("encoded", true, figures -> figures.count("glimpse.encoder.wait")),
    ENCODER_QUEUE("encoderQueue", false, figures -> figures.value("glimpse.encoder.queue")),
    DECODER_QUEUE("decoderQueue", false, figures -> figures.value("glimpse.decoder.queue")),
    HEAP("heap", false, figures -> figures.value("glimpse.memory.used", "area", "heap")),
    CLASS_A("classA", true, figures -> figures.count("glimpse.store.requests", "class", "a")),
    CLASS_B("classB", true, figures -> figures.count("glimpse.store.requests", "class", "b")),
    FREE("free", true, figures -> figures.count("glimpse.store.requests", "class", "free")),
    DOLLARS("dollars", false, figures -> figures.count("glimpse.store.dollars")),
    TABLE_AGE("tableAge", false, figures -> figures.value("glimpse.table.age"));

    /** As in JSON. */
    final String key;

    /** Whether the value grows, and what it grows by in a second is told. */
    final boolean isRate;

    @SuppressWarnings("ImmutableEnumChecker") // none keeps anything
    private final ToDoubleFunction<Figures> source;

    Series(String key, boolean isRate, ToDoubleFunction<Figures> source) {
        this.key = key;
        this.isRate = isRate;
        this.source = source;
    }

    private static double seconds(@Nullable Double seconds) {
        return seconds == null ? Double.NaN : seconds;
    }

    double in(Figures figures) {
        return source.applyAsDouble(figures);
    }
}
