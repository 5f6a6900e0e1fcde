package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.commit.CommitLoop;
import dev.glimpse.dataset.lance.IndexBuilder;
import dev.glimpse.dataset.lance.IndexBuilder.IndexChange;
import dev.glimpse.dataset.lance.IndexTuning;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.RecallCalibration;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexBuild;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexOptimization;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.AsyncTaskExecutor;

/**
 * Builds and optimizes the index in the background, one piece of work at a time. This takes minutes, and compaction goes on meanwhile.
 * Only the maintenance thread may start work; any thread may ask what is running.
 */
public final class IndexBuilds {
    private final LanceTable table;
    private final CommitLoop commitLoop;
    private final RecallCalibration calibration;
    private final Callable<?> refresh;
    private final AsyncTaskExecutor thread;
    private volatile @Nullable Running running;

    /**
     * Work that is under way.
     *
     * @param newestFragment the newest fragment that it reads; this one and all older ones must not be merged meanwhile
     * @param end completes with the result for the log
     */
    private record Running(String name, int newestFragment, CompletableFuture<String> end) {}

    private interface Work {
        String with(StagedVersion staged) throws Exception;
    }

    /**
     * @param refresh makes the newest version the one that searches read, and waits for that
     * @param thread one thread, for this class alone
     */
    public IndexBuilds(
            LanceTable table,
            CommitLoop commitLoop,
            RecallCalibration calibration,
            Callable<?> refresh,
            AsyncTaskExecutor thread) {
        this.table = table;
        this.commitLoop = commitLoop;
        this.calibration = calibration;
        this.refresh = refresh;
        this.thread = thread;
    }

    boolean isRunning() {
        return running != null;
    }

    /** What is being done, for {@code /stats}; null if nothing is. */
    @Nullable String working() {
        Running now = running;
        return now == null ? null : now.name;
    }

    /** The newest fragment that the running work reads; empty if no work is running. */
    OptionalInt newestFragment() {
        Running now = running;
        return now == null ? OptionalInt.empty() : OptionalInt.of(now.newestFragment);
    }

    /**
     * Starts to build an index over all rows, whether or not one is due, and calibrates searches of it. Waits for the end of work that
     * is running.
     *
     * @return completes with the result for the log
     */
    CompletableFuture<String> build(IndexBuild task) throws Exception {
        Running before = running;
        if (before != null) {
            before.end.handle((result, e) -> result).get();
        }
        return start(task, staged -> build(staged, task.kind()));
    }

    /**
     * Starts to optimize the index. No other work may be running.
     *
     * @return completes with the result for the log
     */
    CompletableFuture<String> optimize(IndexOptimization task) throws Exception {
        return start(task, staged -> optimize(staged, task.mergedParts()));
    }

    private CompletableFuture<String> start(MaintenanceTask task, Work work) throws Exception {
        CompletableFuture<String> end = new CompletableFuture<>();
        StagedVersion staged = commitLoop.onCommitThread(() -> {
            StagedVersion all = table.stageAllFiles();
            running = new Running(task.name(), table.manifest().newestFragment(), end);
            return all;
        });
        Future<?> unused = thread.submit(() -> {
            try (staged) {
                String result = task.timed(() -> work.with(staged));
                running = null;
                end.complete(result);
            } catch (Throwable e) {
                running = null;
                end.completeExceptionally(e);
            }
        });
        return end;
    }

    private String build(StagedVersion staged, IndexKind kind) throws Exception {
        long rows = table.manifest().rows();
        IndexChange built = IndexBuilder.build(staged, kind, table.datasets());
        table.shipIndex(staged, built);
        commitLoop.commitWork(() -> table.commitIndex(staged, built));
        refresh.call();
        IndexTuning tuning = calibration.calibrateIndex(kind);
        Map<String, String> metadata = new TreeMap<>(tuning.toMetadata());
        metadata.putAll(MaintenancePlanner.trained(kind, rows));
        commitLoop.commitWork(() -> table.describe(metadata));
        return tuning.toString();
    }

    private String optimize(StagedVersion staged, int mergedParts) throws Exception {
        IndexChange change = IndexBuilder.optimize(staged, mergedParts, table.datasets());
        table.shipIndex(staged, change);
        commitLoop.commitWork(() -> table.commitIndex(staged, change));
        return "parts=" + table.manifest().segments().size();
    }
}
