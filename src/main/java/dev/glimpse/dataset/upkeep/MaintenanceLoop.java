package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.commit.CommitLoop;
import dev.glimpse.dataset.lance.FragmentRewriter;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.RecallCalibration;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.upkeep.MaintenancePlanner.Garbage;
import dev.glimpse.dataset.upkeep.MaintenanceTask.Compaction;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexBuild;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexOptimization;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table in shape: does what the {@link MaintenancePlanner} finds due, one task at a time. Of several servers, the one with the
 * {@link MaintenanceLease} does it. Each task writes new files beside the old ones and ends with a commit, so searches and uploads do not wait for
 * it. One thread calls {@link #run} and {@link #buildIndex}; the other methods are for any thread.
 */
public final class MaintenanceLoop {
    private static final Logger log = LoggerFactory.getLogger(MaintenanceLoop.class);

    /** Urgency from which on the server that holds the lease is late, so that the lease is asked for more often. */
    private static final double URGENT = 1.5;

    private final LanceTable table;
    private final CommitLoop commitLoop;
    private final MaintenanceLease lease;
    private final MaintenancePlanner planner;
    private final IndexBuilds indexBuilds;
    private final GarbageCollection garbageCollection;
    private final RecallCalibration calibration;
    private final Duration betweenCollections;
    private final BooleanSupplier writable;
    private boolean holdsLease;
    private long collectedVersion;
    private long oldestVersion;
    private Elapsed collected = Elapsed.started();
    private volatile boolean stopped;
    private volatile @Nullable String working;
    private volatile @Nullable String failure;

    /**
     * @param betweenCollections time between two garbage collections, when few versions come
     * @param writable whether this server may change the table
     */
    public MaintenanceLoop(
            LanceTable table,
            CommitLoop commitLoop,
            MaintenanceLease lease,
            MaintenancePlanner planner,
            IndexBuilds indexBuilds,
            GarbageCollection garbageCollection,
            RecallCalibration calibration,
            Duration betweenCollections,
            BooleanSupplier writable) {
        this.table = table;
        this.commitLoop = commitLoop;
        this.lease = lease;
        this.planner = planner;
        this.indexBuilds = indexBuilds;
        this.garbageCollection = garbageCollection;
        this.calibration = calibration;
        this.betweenCollections = betweenCollections;
        this.writable = writable;
    }

    /** Does all that is due. Work on the index may still be running when this returns. Throws nothing; a failed task is tried again. */
    // Nobody else hears of a failure here; the next call tries again.
    @SuppressWarnings("CatchingUnchecked")
    public void run() {
        try {
            if (holdsLease) {
                lease.keep();
            }
            calibration.calibrateOversampling();
            boolean done = false;
            for (Optional<MaintenanceTask> due = due(); due.isPresent() && !stopped; due = due()) {
                MaintenanceTask task = due.get();
                holdsLease = holdsLease || lease.take(task.urgency() >= URGENT);
                if (!holdsLease) {
                    return;
                }
                working = task.name();
                run(task);
                done = true;
            }
            if (done && !indexBuilds.isRunning()) {
                failure = null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failed(String.valueOf(working), e);
            if (!(e instanceof OutdatedException)) {
                lease.leaveToOthers();
            }
        } finally {
            working = null;
            releaseLease();
        }
    }

    private Optional<MaintenanceTask> due() {
        if (!writable.getAsBoolean()) {
            return Optional.empty();
        }
        Manifest manifest = table.manifest();
        Garbage garbage = new Garbage(
                manifest.version() - collectedVersion,
                manifest.version() > oldestVersion && collected.isOver(betweenCollections));
        return planner.mostUrgent(
                manifest,
                garbage,
                indexBuilds.newestFragment(),
                table.snapshots().areRowsAwaited());
    }

    private void run(MaintenanceTask task) throws Exception {
        if (task instanceof Compaction compaction) {
            task.timed(() -> compact(compaction.fragments()));
        } else if (task instanceof IndexBuild build) {
            logFailure(build, indexBuilds.build(build));
        } else if (task instanceof IndexOptimization optimization) {
            logFailure(optimization, indexBuilds.optimize(optimization));
        } else {
            task.timed(this::collectGarbage);
        }
    }

    private void logFailure(MaintenanceTask task, CompletableFuture<String> end) {
        CompletableFuture<String> unused = end.whenComplete((result, e) -> {
            if (e != null) {
                failed(task.name(), e);
            }
        });
    }

    private void failed(String step, Throwable e) {
        if (e instanceof OutdatedException) {
            log.info("{} again, as the table has changed meanwhile: {}", step, e.getMessage());
        } else {
            failure = step + ": " + e;
            log.warn("not done: {}", failure);
        }
    }

    private void releaseLease() {
        if (!holdsLease || indexBuilds.isRunning()) {
            return;
        }
        holdsLease = false;
        try {
            lease.release();
        } catch (RuntimeException e) {
            log.warn("the lease stays for a while: {}", e.toString());
        }
    }

    private String compact(Set<Integer> fragments) throws Exception {
        try (StagedVersion staged = commitLoop.onCommitThread(table::stageAllFiles)) {
            FragmentRewriter.Compacted rewritten = FragmentRewriter.rewrite(staged, fragments, table.datasets());
            table.shipCompaction(staged);
            commitLoop.commitWork(() -> table.commitCompaction(staged, rewritten));
            return "fragments=" + table.manifest().fragments().size();
        }
    }

    private GarbageCollection.Removed collectGarbage() throws IOException {
        long version = table.manifest().version();
        GarbageCollection.Removed removed = garbageCollection.run();
        collectedVersion = version;
        oldestVersion = removed.oldest();
        collected = Elapsed.started();
        return removed;
    }

    /**
     * Starts to build an index over all rows, whether or not one is due. Waits for the end of other work on the index.
     *
     * @return completes with what was measured, for the log
     */
    public CompletableFuture<String> buildIndex(IndexKind kind) throws Exception {
        return indexBuilds.build(new IndexBuild(kind));
    }

    /** Makes {@link #run} end after the task that is being done. */
    public void stop() {
        stopped = true;
    }

    /** What is being done, for {@code /stats}; null if nothing is. */
    public @Nullable String working() {
        String indexWork = indexBuilds.working();
        String step = working;
        return indexWork == null || indexWork.equals(step) ? step : step == null ? indexWork : indexWork + ", " + step;
    }

    /** What went wrong, for {@code /stats}; null once all that was due has been done. */
    public @Nullable String failure() {
        return failure;
    }
}
