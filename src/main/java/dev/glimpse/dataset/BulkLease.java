package dev.glimpse.dataset;

import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lease by which one bulk job has the table. A thread of its own keeps it, however long the job reads or writes meanwhile. A store that
 * does not answer for a while costs nothing, as long as no other job can have taken the lease. Safe for use by several threads.
 */
final class BulkLease implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(BulkLease.class);

    private static final int CLOSE_SECONDS = 10;

    private final MaintenanceLease lease;
    private final Elapsed.Clocks clocks;

    /** After so long without a sign of life, another job may be about to take the lease. */
    private final Duration certain;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "bulk-lease");
        thread.setDaemon(true);
        return thread;
    });

    /** Since the lease was known to be ours. */
    private Elapsed ours;

    private boolean lost;

    private BulkLease(MaintenanceLease lease, Duration longest, Elapsed.Clocks clocks) {
        this.lease = lease;
        this.clocks = clocks;
        this.ours = clocks.started();
        // The lease itself says nothing for a third of its time, so what is known may be that old.
        this.certain = longest.multipliedBy(2).dividedBy(3);
        long pause = Math.max(1, longest.toMillis() / 6);
        Future<?> unused = timer.scheduleWithFixedDelay(this::keep, pause, pause, TimeUnit.MILLISECONDS);
    }

    /**
     * Takes the lease.
     *
     * @param work folder that keeps the name of this process
     * @param longest how long a job has the lease after it has said last that it is alive
     * @throws TableBusyException if another job has it
     * @throws StoreUnavailableException if the store does not answer
     */
    static BulkLease take(ObjectStore store, Path work, Duration longest, Elapsed.Clocks clocks) throws IOException {
        MaintenanceLease lease = new MaintenanceLease(store, MaintenanceLease.BULK_KEY, work, longest, clocks);
        if (!lease.take(true)) {
            throw new TableBusyException("another bulk job has the table: " + MaintenanceLease.BULK_KEY
                    + " is in the store, and " + longest.toSeconds() + " s have not gone by since it was renewed");
        }
        return new BulkLease(lease, longest, clocks);
    }

    /**
     * Says that this job is alive. Asks the store nothing most of the time.
     *
     * @return false if another job has the table, or may have it; then it stays so
     */
    synchronized boolean keep() {
        if (lost) {
            return false;
        }
        try {
            // A renewal that was cut off may have left no lease at all. Then it is nobody's, and may be taken again.
            lost = !lease.keep() && !lease.take(true);
            ours = clocks.started();
        } catch (StoreUnavailableException e) {
            lost = ours.isOver(certain);
            log.warn("the lease of the job is {}: {}", lost ? "lost" : "not renewed yet", e.getMessage());
        }
        return !lost;
    }

    /** @throws TableBusyException if another job has the table, or may have it */
    void require() {
        if (!keep()) {
            throw new TableBusyException("another bulk job has taken the table");
        }
    }

    /** Gives the lease back, if the store answers; else it ends by itself. */
    @Override
    public void close() {
        timer.shutdown();
        try {
            if (!timer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                log.warn("the lease of the job is still being renewed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            synchronized (this) {
                lost = true;
                lease.release();
            }
        } catch (StoreUnavailableException e) {
            log.warn("{} stays in the store for now: {}", MaintenanceLease.BULK_KEY, e.getMessage());
        }
    }
}
