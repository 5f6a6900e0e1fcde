package dev.glimpse.dataset;

import dev.glimpse.dataset.ImageDataset.Freshness;
import dev.glimpse.storage.StoreUnavailableException;
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

/** Keeps what is read at the newest version: after commits made here, and by asking the bucket for those of others. */
final class Follower {
    private static final Logger log = LoggerFactory.getLogger(Follower.class);

    /** On top of two polls, before what is read is called stale. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final LanceTable table;
    private final TableReader reader;
    private final Committer committer;
    private final ThreadPoolTaskScheduler commits;
    private final ThreadPoolTaskScheduler replicas;
    private final AtomicBoolean serving = new AtomicBoolean();

    /** Null as long as nobody is asked. */
    private volatile @Nullable Duration poll;

    private volatile Instant contact = Instant.now();
    private volatile boolean outage;
    private volatile @Nullable String failure;

    /**
     * @param commits the thread that writes to the table
     * @param replicas one thread, for files on their way and what becomes of them
     */
    Follower(LanceTable table, Committer committer, ThreadPoolTaskScheduler commits, ThreadPoolTaskScheduler replicas) {
        this.table = table;
        this.reader = table.reader();
        this.committer = committer;
        this.commits = commits;
        this.replicas = replicas;
    }

    /** Asks the bucket from now on. */
    void poll(Duration interval) {
        poll = interval;
        Future<?> unused =
                commits.scheduleWithFixedDelay(this::poll, Instant.now().plus(interval), interval);
    }

    /** The table may have a newer version than the one that is read. */
    void serveSoon() {
        if (serving.compareAndSet(false, true)) {
            replicas.execute(this::serve);
        }
    }

    /** Completes when the newest version is read. */
    CompletableFuture<Void> served() {
        return replicas.submitCompletable(this::serve);
    }

    /** Reads the bucket until the files here have been looked after, since they cannot be read. */
    void readAnew() throws ExecutionException, InterruptedException {
        replicas.submitCompletable(reader::serveFromBucket).get();
        serveSoon();
    }

    // Nobody else hears of a failure on the replica's thread; the next poll or commit tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void serve() {
        serving.set(false);
        try {
            long before = reader.served().version();
            reader.serve();
            long version = reader.served().version();
            committer.served(version);
            if (version != before) {
                pruneSoon();
            }
            failure = null;
            if (version < table.manifest().version()) {
                serveSoon();
            }
        } catch (StoreUnavailableException e) {
            log.warn(
                    "version {} is read on, as the newer one does not come: {}",
                    reader.served().version(),
                    e.getMessage());
        } catch (Exception e) {
            String said = "version " + table.manifest().version() + " of the table cannot be read ("
                    + DamagedTableException.sentence(e) + "), so version "
                    + reader.served().version() + " is shown on";
            if (failure == null) {
                // Once, however often it is tried again.
                log.warn("{}", said);
            }
            failure = said;
        }
    }

    /** Why an older version is read than the newest one; null if there is no reason but time. */
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

    // As above.
    @SuppressWarnings("CatchingUnchecked")
    private void poll() {
        Instant asked = Instant.now();
        try {
            committer.catchUp();
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
    Freshness freshness() {
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
