package dev.glimpse.dataset;

import dev.glimpse.meters.Meters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the table takes for searches and commits, whichever table is open. Safe for use by several threads. */
public final class TableMeters implements MeterBinder {
    /** For what the server does for itself: counted nowhere. */
    public static final TableMeters UNBOUND = new TableMeters();

    /** Name of the timers of a search's steps. The step {@code encode} is timed by the model. */
    private static final String STEP = "glimpse.search.step";

    private static final String STEPS = "Steps of a search";

    private final Meters meters = new Meters();
    private final Timer waits = meters.timer(STEP, STEPS, "step", "wait");
    private final Timer scans = meters.timer(STEP, STEPS, "step", "scan");
    private final Timer rows = meters.timer(STEP, STEPS, "step", "rows");
    private final Timer words = meters.timer(STEP, STEPS, "step", "words");
    private final Timer commits =
            meters.timer("glimpse.commit.latency", "Commits of rows, from the first request to the bucket to the last");
    private final DistributionSummary commitRows = meters.sizes(
            "glimpse.commit.rows", "Rows that were committed together", new double[] {1, 4, 16, 64, 256, 1024});
    private final Counter failures = meters.counter("glimpse.commit.failures", "Commits that failed and come again");
    private final Counter others =
            meters.counter("glimpse.table.versions.others", "Versions of the table that other servers have committed");

    private volatile @Nullable Instant othersAt;

    /** Waits of searches for a thread. */
    public Timer waits() {
        return waits;
    }

    /** The search for rows among vectors. */
    public Timer scans() {
        return scans;
    }

    /** Reading what the rows say that were found. */
    public Timer rows() {
        return rows;
    }

    /** The search for rows by words. */
    public Timer words() {
        return words;
    }

    /**
     * Does a commit, and takes note of what it takes.
     *
     * @param size rows of it
     */
    public <T> T commit(int size, Callable<T> commit) throws Exception {
        long start = System.nanoTime();
        T done;
        try {
            done = commit.call();
        } catch (Exception | Error e) {
            failures.increment();
            throw e;
        }
        commits.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
        commitRows.record(size);
        return done;
    }

    /** Takes note of so many versions that others have committed. */
    public void sawVersions(long versions) {
        if (versions > 0) {
            others.increment((double) versions);
            othersAt = Instant.now();
        }
    }

    /** When a version of another server was seen last; null if none was since the start. */
    public @Nullable Instant othersAt() {
        return othersAt;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }
}
