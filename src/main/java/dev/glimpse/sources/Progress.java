package dev.glimpse.sources;

import dev.glimpse.storage.RequestMeter;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts what a look does. Safe for use by several threads. */
final class Progress {
    final AtomicLong listed = new AtomicLong();
    final AtomicLong read = new AtomicLong();
    final AtomicLong added = new AtomicLong();
    final AtomicLong moved = new AtomicLong();
    final AtomicLong removed = new AtomicLong();
    final AtomicLong same = new AtomicLong();
    final AtomicLong refused = new AtomicLong();
    final AtomicLong failed = new AtomicLong();
    final RequestMeter meter = new RequestMeter();
    private final Instant startedAt = Instant.now();
    private volatile @Nullable Instant readingSince;
    private volatile @Nullable Instant finishedAt;
    private volatile @Nullable Price price;

    /** The listing is done. */
    void reads(Price known) {
        price = known;
        readingSince = Instant.now();
    }

    void finished() {
        finishedAt = Instant.now();
    }

    @Nullable Price price() {
        return price;
    }

    Report report() {
        Instant since = readingSince;
        Instant end = finishedAt;
        Price known = price;
        double seconds = since == null
                ? 0
                : Duration.between(since, end == null ? Instant.now() : end).toMillis() / 1e3;
        long done = read.get();
        double pace = seconds == 0 ? 0 : done / seconds;
        return new Report(
                startedAt,
                end,
                known,
                listed.get(),
                done,
                added.get(),
                moved.get(),
                removed.get(),
                same.get(),
                refused.get(),
                failed.get(),
                pace,
                known == null || pace == 0 ? null : (long) Math.ceil(Math.max(0, known.toRead() - done) / pace),
                meter.totals());
    }
}
