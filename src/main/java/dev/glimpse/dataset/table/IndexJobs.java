package dev.glimpse.dataset.table;

import dev.glimpse.dataset.EmptyTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.IndexBuildRunningException;
import dev.glimpse.dataset.IndexJob;
import dev.glimpse.dataset.IndexJob.State;
import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.upkeep.MaintenanceLoop;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Builds of the index that a client has asked for, one at a time. Safe for use by several threads. */
public final class IndexJobs {
    // Operators know these lines by the name of the public class.
    private static final Logger log = LoggerFactory.getLogger(ImageDataset.class);

    private final Object lock = new Object();
    private volatile IndexJob last = IndexJob.NONE;

    /** The build that was asked for last. */
    public IndexJob last() {
        return last;
    }

    /**
     * Starts to build an index in the place of the one that there is; see {@link #last} for its end.
     *
     * @throws EmptyTableException if the table has no row
     * @throws IndexBuildRunningException if a build that was asked for is running
     */
    public void start(OpenTable table, IndexKind kind) {
        if (table.manifest().rows() == 0) {
            throw new EmptyTableException("an index needs at least one row, and the table has none");
        }
        synchronized (lock) {
            if (last.state() == State.RUNNING) {
                throw new IndexBuildRunningException("a build has been running since " + last.startedAt());
            }
            last = IndexJob.running();
        }
        table.maintain(() -> build(table.maintenance(), kind));
    }

    // Nobody else hears of a failure on that thread, so all of them end in the job.
    @SuppressWarnings("CatchingUnchecked")
    private void build(MaintenanceLoop maintenance, IndexKind kind) {
        IndexJob job = last;
        long start = System.nanoTime();
        try {
            CompletableFuture<String> unused = maintenance.buildIndex(kind).whenComplete((tuning, e) -> {
                if (e == null) {
                    log.info("index={} millis={} tuning={}", kind, (System.nanoTime() - start) / 1_000_000, tuning);
                    last = job.done();
                } else {
                    failed(job, e);
                }
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            last = job.failed("the server stopped");
        } catch (Exception e) {
            failed(job, e);
        }
    }

    private void failed(IndexJob job, Throwable e) {
        log.error("the index was not built", e);
        last = job.failed(String.valueOf(e.getMessage()));
    }
}
