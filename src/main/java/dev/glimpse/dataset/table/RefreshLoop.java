package dev.glimpse.dataset.table;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.commit.CommitLoop;
import dev.glimpse.dataset.commit.RowLedger;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.SnapshotManager;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.vectors.ClosedMappings;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Keeps searches at the newest version: refreshes the snapshot after each commit of this server, and polls the bucket for commits of
 * others. Polls on the commit thread, refreshes on a thread of its own. Safe for use by several threads.
 */
public final class RefreshLoop {
    private static final Logger log = LoggerFactory.getLogger(RefreshLoop.class);

    /** The snapshot is stale when two polls and this time have passed without an answer of the bucket. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final LanceTable table;
    private final SnapshotManager snapshots;
    private final RowLedger ledger;
    private final CommitLoop commitLoop;
    private final ThreadPoolTaskScheduler commits;
    private final ThreadPoolTaskScheduler replicas;
    private final AtomicBoolean queued = new AtomicBoolean();

    /** Time between two polls; null as long as the bucket is not polled. */
    private volatile @Nullable Duration poll;

    private volatile Instant contact = Instant.now();
    private volatile boolean outage;
    private volatile @Nullable String failure;

    /** Runs after each refresh. */
    private volatile Runnable after = () -> {};

    /**
     * @param commits the thread that writes to the table
     * @param replicas one thread, which fetches files and opens versions
     */
    RefreshLoop(
            LanceTable table,
            RowLedger ledger,
            CommitLoop commitLoop,
            ThreadPoolTaskScheduler commits,
            ThreadPoolTaskScheduler replicas) {
        this.table = table;
        this.snapshots = table.snapshots();
        this.ledger = ledger;
        this.commitLoop = commitLoop;
        this.commits = commits;
        this.replicas = replicas;
    }

    /** Runs this task on the replica's thread after each refresh, whether or not it fails. The task must not block. */
    void afterEach(Runnable task) {
        after = task;
    }

    /** Begins to poll the bucket. */
    void startPolling(Duration interval) {
        poll = interval;
        Future<?> unused =
                commits.scheduleWithFixedDelay(this::pollBucket, Instant.now().plus(interval), interval);
    }

    /** Begins to look now and then whether rows are to be kept for a later process. */
    void startKeeping(Duration interval) {
        Future<?> unused = replicas.scheduleWithFixedDelay(
                snapshots::keepRowsIfDue, Instant.now().plus(interval), interval);
    }

    /** Refreshes the snapshot soon. Cheap, however often it is called. */
    void refreshSoon() {
        if (queued.compareAndSet(false, true)) {
            replicas.execute(this::refresh);
        }
    }

    /** Refreshes the snapshot. Completes when the newest version is read, or it is known that it cannot be. */
    public CompletableFuture<Void> refreshed() {
        return replicas.submitCompletable(this::refresh);
    }

    /** Reads the bucket at once, because the files here cannot be read; then refreshes the snapshot. */
    void refreshFromBucket() throws ExecutionException, InterruptedException {
        replicas.submitCompletable(snapshots::refreshFromBucket).get();
        refreshSoon();
    }

    // Nobody else hears of a failure on the replica's thread; the next poll or commit tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void refresh() {
        queued.set(false);
        try {
            long before = snapshots.current().version();
            snapshots.refresh();
            long version = snapshots.current().version();
            ledger.served(version);
            if (version != before) {
                pruneSoon();
            }
            failure = null;
            if (version < table.manifest().version()) {
                refreshSoon();
            }
        } catch (StoreUnavailableException e) {
            log.warn(
                    "version {} is read on, as the newer one does not come: {}",
                    snapshots.current().version(),
                    e.getMessage());
        } catch (TableBusyException e) {
            log.debug("closing: no version is read any more", e);
        } catch (Exception | InternalError e) {
            // The error is that of a mapped file that the disk has no room for, or that cannot be read.
            String said = "version " + table.manifest().version() + " of the table cannot be read ("
                    + DamagedTableException.sentence(e) + "), so version "
                    + snapshots.current().version() + " is shown on";
            if (failure == null) {
                // Once, however often it is tried again.
                log.warn("{}", said);
            }
            failure = said;
        } finally {
            after.run();
            // Rows that were closed here, or by a commit, are not in use any more.
            ClosedMappings.ALL.collectIfMany();
        }
    }

    /** Why the newest version cannot be read, so that an older one is; null if it can, as far as it is known. */
    @Nullable String failure() {
        return failure;
    }

    private void pruneSoon() {
        try {
            commits.execute(this::prune);
        } catch (TaskRejectedException e) {
            log.debug("closing: old files of the table's copy stay");
        }
    }

    private void prune() {
        try {
            table.prune();
        } catch (IOException | RuntimeException e) {
            log.warn("old files of the table's copy stay: {}", e.toString());
        }
    }

    private void pollBucket() {
        RequestMeter.using(StoreUse.POLLS, () -> {
            poll();
            return true;
        });
    }

    // Nobody else hears of a failure on the commit thread; the next poll tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void poll() {
        Instant asked = Instant.now();
        try {
            commitLoop.catchUp();
            contact = asked;
            if (outage) {
                log.info("the bucket answers again");
                outage = false;
            }
        } catch (TableLostException e) {
            log.debug("is being seen to", e);
        } catch (Exception e) {
            if (!outage) {
                log.warn("the bucket does not answer: {}", e.toString());
                outage = true;
            }
        }
    }

    /** See {@link ImageDataset#freshness}. */
    public Freshness freshness() {
        Instant now = Instant.now();
        Duration interval = poll;
        if (interval == null) {
            return new Freshness(now, false);
        }
        Instant asked = contact;
        return new Freshness(
                asked,
                outage || asked.plus(interval.multipliedBy(2)).plus(GRACE).isBefore(now));
    }
}
