package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.TaskRejectedException;

/**
 * Decides when rows are committed: together, once there are enough of them or the first has waited long enough. They wait in memory, where
 * searches find them, and are kept until they are committed, however long the store does not answer. After a commit that failed, the
 * next one waits. Safe for use by several threads.
 */
public final class GroupCommit implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GroupCommit.class);

    /** Rows that may wait. A commit takes a few round trips, so this is some seconds of work for the store. */
    private static final int MAX_PENDING = 4096;

    /** Rows that are committed and wait to be read from the table, as when its files are on their way. */
    private static final int MAX_UNSERVED = 50_000;

    /** Time between a failed commit and the next one. It doubles with each further failure, up to {@link #LONGEST_PAUSE}. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** How long {@link #close} waits for commits, at most. If many rows may wait, call {@link #flush} with more time before. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    /** Commits a group, and says whose rows came from it. See {@link CommitLoop#commit}. */
    interface Commit {
        Set<ImageId> of(List<Pending> group) throws Exception;
    }

    /** Runs tasks on the commit thread. */
    interface Timer {
        /**
         * Runs a task after this time.
         *
         * @throws TaskRejectedException if the table is being closed
         */
        void runAfter(Duration time, Runnable task);
    }

    /** A planned commit and its time. A timer does nothing if another commit has been planned in place of its own. */
    private static final class Planned {
        final long nanos;

        Planned(long nanos) {
            this.nanos = nanos;
        }
    }

    private final RowLedger ledger;
    private final Commit commit;
    private final Timer timer;
    private final CommitProperties policy;
    private final LongSupplier nanoTime;

    /** Guards the fields below. Never held during a commit. */
    private final Object lock = new Object();

    /** The commit that comes next; null if none is planned. */
    private @Nullable Planned planned;

    /** No commit is begun before this time, in nanoseconds of {@code nanoTime}. */
    private long restsUntil;

    private Duration pause = PAUSE;

    /** What went wrong with the last commit, unless it was one of those troubles that pass by themselves. */
    private @Nullable String failure;

    private boolean flushing;
    private boolean closed;

    /** @param carried rows that were taken before the table was opened anew */
    public GroupCommit(
            RowLedger ledger, CommitLoop loop, CommitProperties policy, List<Pending> carried, TableMeters meters) {
        this(
                ledger,
                group -> meters.commit(group.size(), () -> loop.commit(group)),
                loop::runAfter,
                policy,
                System::nanoTime);
        synchronized (lock) {
            carried.forEach(ledger::add);
            if (!carried.isEmpty()) {
                plan(policy.age());
            }
        }
    }

    GroupCommit(RowLedger ledger, Commit commit, Timer timer, CommitProperties policy, LongSupplier nanoTime) {
        this.ledger = ledger;
        this.commit = commit;
        this.timer = timer;
        this.policy = policy;
        this.nanoTime = nanoTime;
        this.restsUntil = nanoTime.getAsLong();
    }

    // ---- rows come in

    /** See {@link ImageDataset#requireRoom}. */
    public void requireRoom() {
        synchronized (lock) {
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
        }
        if (ledger.pendingRows() >= MAX_PENDING) {
            throw new TableBusyException(MAX_PENDING + " rows wait to be committed already");
        }
        if (ledger.unservedRows() >= MAX_UNSERVED) {
            throw new TableBusyException(MAX_UNSERVED + " rows wait to be read from the table already");
        }
    }

    /** See {@link ImageDataset#add}. */
    public CompletableFuture<Boolean> add(PictureRow row) {
        synchronized (lock) {
            Pending waiting = ledger.pending(row.id());
            if (waiting != null) {
                return waiting.committed().thenApply(added -> false);
            }
            if (ledger.giveAgain(row)) {
                return CompletableFuture.completedFuture(false);
            }
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            Pending added = new Pending(row, new CompletableFuture<>());
            ledger.add(added);
            planIfRowsWait();
            return added.committed();
        }
    }

    /** See {@link ImageDataset#committed}. */
    public CompletableFuture<Boolean> committed(ImageId id) {
        Pending waiting = ledger.pending(id);
        return waiting == null
                ? CompletableFuture.completedFuture(ledger.stateOf(id).isInTable())
                : waiting.committed();
    }

    // ---- when the next commit is

    /** Holding the lock. */
    private void planIfRowsWait() {
        int rows = ledger.pendingRows();
        if (rows > 0) {
            plan(flushing || rows >= policy.rows() ? Duration.ZERO : policy.age());
        }
    }

    /** Plans a commit after this time, unless one is planned that comes earlier, or the table is being closed. Holding the lock. */
    private void plan(Duration time) {
        long now = nanoTime.getAsLong();
        long wait = Math.max(time.toNanos(), restsUntil - now);
        if (planned == null || now + wait - planned.nanos < 0) {
            Planned next = new Planned(now + wait);
            planned = next;
            try {
                timer.runAfter(Duration.ofNanos(wait), () -> commitPlanned(next));
            } catch (TaskRejectedException e) {
                planned = null;
                log.debug("closing: no further commit is made", e);
            }
        }
    }

    private void commitPlanned(Planned due) {
        List<Pending> group;
        synchronized (lock) {
            if (!due.equals(planned)) {
                return;
            }
            planned = null;
            group = ledger.firstPending(policy.rows());
        }
        if (group.isEmpty()) {
            return;
        }
        Set<ImageId> added;
        try {
            added = commit.of(group);
        } catch (Throwable e) {
            // Of any kind, since these rows have been promised, and the commits must go on.
            failed(group.size(), e);
            return;
        }
        synchronized (lock) {
            pause = PAUSE;
            restsUntil = nanoTime.getAsLong();
            failure = null;
        }
        // Before anything that may fail, and without the lock: what waits for it may do anything.
        group.forEach(waiting ->
                waiting.committed().complete(added.contains(waiting.row().id())));
        synchronized (lock) {
            planIfRowsWait();
        }
    }

    private void failed(int rows, Throwable e) {
        synchronized (lock) {
            failure = passes(e) ? null : DamagedTableException.sentence(e);
            Duration rest = flushing ? PAUSE : pause;
            log.warn("{} rows wait for {} s: the commit failed: {}", rows, rest.toSeconds(), e.toString());
            restsUntil = nanoTime.getAsLong() + rest.toNanos();
            planned = null;
            plan(rest);
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }

    /** Whether this ends by itself: the store is away, other writers are faster, or the table is about to be opened anew. */
    private static boolean passes(Throwable e) {
        return e instanceof StoreUnavailableException
                || e instanceof TableBusyException
                || e instanceof TableLostException;
    }

    /** Why rows cannot be committed; null if they can, as far as it is known. */
    public @Nullable String failure() {
        synchronized (lock) {
            return failure;
        }
    }

    // ---- the end

    /** See {@link ImageDataset#flush}. */
    public void flush(Duration time) {
        synchronized (lock) {
            if (ledger.pendingRows() == 0) {
                return;
            }
            flushing = true;
            restsUntil = nanoTime.getAsLong();
            plan(Duration.ZERO);
        }
        try {
            // Not by the lock, which does not guard the rows: some go without a commit.
            ledger.awaitNonePending(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            synchronized (lock) {
                flushing = false;
            }
        }
    }

    /** Takes no more rows and commits no more. Gives those that wait, whose futures are the caller's from now on. */
    public List<Pending> abandon() {
        synchronized (lock) {
            closed = true;
            planned = null;
            return ledger.removeAllPending();
        }
    }

    /** Takes no more rows, and flushes. What is left then is in the store as pictures, to be found by their markers. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
        }
        flush(CLOSE);
        List<Pending> left = ledger.firstPending(Integer.MAX_VALUE);
        if (!left.isEmpty()) {
            log.warn("{} rows could not be committed before the stop", left.size());
        }
        left.forEach(waiting -> waiting.committed()
                .completeExceptionally(new StoreUnavailableException("the server stopped before the commit", null)));
    }
}
