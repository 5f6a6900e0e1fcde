package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Group commit: rows wait in memory, where searches find them, and are committed together. A row that was taken is kept until it is
 * committed, however long the store does not answer. No picture gets two rows. Safe to share between threads; all commits happen on one
 * thread, the commit thread.
 */
public final class Committer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Committer.class);

    /** Rows that may wait. A commit takes a few round trips, so this is some seconds of work for the store. */
    private static final int MAX_PENDING = 4096;

    /** Rows that are committed and wait to be read from the table, as when its files are on their way. */
    private static final int MAX_UNSERVED = 50_000;

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    private static final int ATTEMPTS = 20;

    /** Work that can be done later, or by the server that wins, is given up after so many lost races. */
    private static final int WORK_ATTEMPTS = 5;

    /** After a commit that failed, doubled each time that the next one fails too. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** For commits when this is closed. Who has much to commit flushes before. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final LanceTable table;
    private final CommitProperties policy;

    /** One thread, the only one that writes to the table. */
    private final ThreadPoolTaskScheduler commits;

    /** Runs when the table may have a newer version. */
    private volatile Runnable moved = () -> {};

    /** Guards the ledger and the fields below it. */
    private final Object lock = new Object();

    private final RowLedger ledger;

    private boolean scheduled;
    private boolean queued;

    /** After a commit that failed: no other is begun before its time. */
    private boolean resting;

    /** True after a failed commit: the store may or may not have applied it. */
    private boolean uncertain;

    /** What went wrong with the last commit, unless it was one of those troubles that pass by themselves. */
    private @Nullable String failure;

    private boolean flushing;
    private boolean closed;
    private Duration pause = PAUSE;

    /**
     * @param carried rows that were taken before the table was opened anew
     */
    public Committer(LanceTable table, CommitProperties policy, ThreadPoolTaskScheduler commits, List<Pending> carried)
            throws IOException {
        this.table = table;
        this.policy = policy;
        this.commits = commits;
        this.ledger = new RowLedger(table.snapshots().current().version());
        learnIds();
        synchronized (lock) {
            carried.forEach(ledger::add);
            if (!carried.isEmpty()) {
                commitIn(policy.age());
            }
        }
    }

    /** Runs the task whenever the table may have a newer version. The task must not block. */
    public void whenNewVersion(Runnable task) {
        moved = task;
    }

    /** See {@link ImageDataset#stateOf}. */
    public PictureState stateOf(ImageId id) {
        return ledger.stateOf(id);
    }

    public int pendingRows() {
        synchronized (lock) {
            return ledger.pendingRows();
        }
    }

    /** See {@link ImageDataset#requireRoom}. */
    public void requireRoom() {
        synchronized (lock) {
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            if (ledger.pendingRows() >= MAX_PENDING) {
                throw new TableBusyException(MAX_PENDING + " rows wait to be committed already");
            }
            if (ledger.unservedRows() >= MAX_UNSERVED) {
                throw new TableBusyException(MAX_UNSERVED + " rows wait to be read from the table already");
            }
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
            if (ledger.pendingRows() >= policy.rows() && !resting) {
                commitNow();
            } else {
                commitIn(policy.age());
            }
            return added.committed();
        }
    }

    /** What a search must know besides the table. Ask before the table is read: else a row could be found in neither. */
    public Overlay overlay() {
        return ledger.overlay();
    }

    /** From now on this version is read. */
    public void served(long version) {
        synchronized (lock) {
            ledger.served(version);
        }
    }

    /** See {@link ImageDataset#committed}. */
    public CompletableFuture<Boolean> committed(ImageId id) {
        synchronized (lock) {
            Pending waiting = ledger.pending(id);
            return waiting == null
                    ? CompletableFuture.completedFuture(ledger.stateOf(id).isInTable())
                    : waiting.committed();
        }
    }

    /** See {@link ImageDataset#hide}. */
    public void hide(ImageId id) {
        synchronized (lock) {
            ledger.hide(id);
        }
    }

    /** See {@link ImageDataset#show}. */
    public void show(ImageId id) {
        synchronized (lock) {
            ledger.show(id);
        }
    }

    /** See {@link ImageDataset#remove}. */
    public CompletableFuture<Boolean> remove(ImageId id) {
        return commits.submitCompletable(() -> {
            boolean[] removed = {false};
            // A commit whose answer was lost may have brought the row in, and so may another server's.
            table.catchUp();
            learnIds();
            untilWon(ATTEMPTS, () -> {
                synchronized (lock) {
                    Pending waiting = ledger.removePending(id);
                    if (waiting != null) {
                        removed[0] = true;
                        waiting.committed().complete(false);
                    }
                    if (!ledger.stateOf(id).isInTable()) {
                        return true;
                    }
                }
                removed[0] = true;
                return table.delete(List.of(id));
            });
            synchronized (lock) {
                ledger.removed(id, table.manifest().version());
            }
            moved.run();
            return removed[0];
        });
    }

    /** See {@link ImageDataset#refresh}. */
    public CompletableFuture<Void> refresh() {
        return commits.submitCompletable(() -> {
            catchUp();
            return null;
        });
    }

    /** Takes over what other servers have committed. To be called on the commit thread. */
    public void catchUp() throws IOException {
        table.catchUp();
        learnIds();
        moved.run();
    }

    /**
     * Commits work that was based on an older version, on top of the newest one.
     *
     * @throws OutdatedException if that cannot be
     */
    public void commitWork(Attempt work) throws Exception {
        onCommitThread(() -> {
            catchUp();
            untilWon(WORK_ATTEMPTS, work);
            moved.run();
            return true;
        });
    }

    /** Runs this on the commit thread and waits for it. */
    public <T> T onCommitThread(Callable<T> work) throws Exception {
        try {
            // Not submit, which logs a failure and gives null in its place.
            return commits.submitCompletable(work).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** Holding the lock. */
    private void commitNow() {
        if (!queued) {
            queued = true;
            commits.execute(this::commitPending);
        }
    }

    /** Holding the lock. */
    // The task ends all failures itself.
    @SuppressWarnings("FutureReturnValueIgnored")
    private void commitIn(Duration time) {
        if (!scheduled) {
            scheduled = true;
            commits.schedule(
                    () -> {
                        synchronized (lock) {
                            scheduled = false;
                        }
                        commitPending();
                    },
                    Instant.now().plus(time));
        }
    }

    private void commitPending() {
        List<Pending> batch;
        synchronized (lock) {
            queued = false;
            resting = false;
            batch = ledger.firstPending(policy.rows());
        }
        if (batch.isEmpty()) {
            return;
        }
        try {
            if (uncertain) {
                catchUp();
                uncertain = false;
            }
            Set<ImageId> added = commit(batch.stream().map(Pending::row).toList());
            long version = table.manifest().version();
            synchronized (lock) {
                pause = PAUSE;
                failure = null;
                ledger.committed(batch, version);
                lock.notifyAll();
                if (ledger.pendingRows() >= policy.rows() || (flushing && ledger.pendingRows() > 0)) {
                    commitNow();
                } else if (ledger.pendingRows() > 0) {
                    commitIn(policy.age());
                }
            }
            moved.run();
            // After the lock: what waits for it may do anything.
            batch.forEach(waiting ->
                    waiting.committed().complete(added.contains(waiting.row().id())));
        } catch (Throwable e) {
            // Of any kind, since these rows have been promised, and the commits must go on.
            synchronized (lock) {
                uncertain = true;
                resting = true;
                failure = passes(e) ? null : DamagedTableException.sentence(e);
                log.warn("{} rows wait for {} s: the commit failed: {}", batch.size(), pause.toSeconds(), e.toString());
                commitIn(flushing ? PAUSE : pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
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

    /** Commits rows; returns the pictures whose rows were added by this call. */
    private Set<ImageId> commit(List<PictureRow> batch) throws IOException {
        Set<ImageId> added = new HashSet<>();
        untilWon(ATTEMPTS, () -> {
            List<PictureRow> rows;
            synchronized (lock) {
                rows = batch.stream()
                        .filter(row -> !ledger.stateOf(row.id()).isInTable())
                        .toList();
            }
            added.clear();
            rows.forEach(row -> added.add(row.id()));
            return rows.isEmpty() || table.append(rows);
        });
        return added;
    }

    /** An attempt to commit the next version, which another writer may commit first. */
    public interface Attempt {
        boolean won() throws IOException;
    }

    private void untilWon(int attempts, Attempt attempt) throws IOException {
        for (int i = 0; i < attempts; i++) {
            if (attempt.won()) {
                return;
            }
            // The rows of whoever won are in the way of ours.
            learnIds();
        }
        throw new TableBusyException("lost the race for the next version " + attempts + " times");
    }

    /** Takes over what others have added and removed. */
    private void learnIds() throws IOException {
        // Read without the lock, since searches and uploads wait for that; only this thread changes the ids.
        accept(table.followIds(id -> ledger.stateOf(id).isInTable()));
    }

    /** Reads the ids of all rows anew, whatever is known of them. On the thread of the commits. */
    public void relearnIds() throws IOException {
        accept(table.readAllIds());
    }

    private void accept(FragmentIds.Change change) {
        synchronized (lock) {
            ledger.accept(change, table.manifest().version());
        }
    }

    /** See {@link ImageDataset#flush}. */
    public void flush(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        synchronized (lock) {
            if (ledger.pendingRows() == 0) {
                return;
            }
            flushing = true;
            commitNow();
            try {
                for (long left = time.toMillis(); ledger.pendingRows() > 0 && left > 0; ) {
                    lock.wait(left);
                    left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                flushing = false;
            }
        }
    }

    /** Takes no more rows and commits no more. Gives those that wait, whose futures are the caller's from now on. */
    public List<Pending> abandon() {
        synchronized (lock) {
            closed = true;
            List<Pending> waiting = ledger.removeAllPending();
            lock.notifyAll();
            return waiting;
        }
    }

    /** Takes no more rows, and flushes. What is left then is in the store as pictures, to be found by their markers. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
        }
        flush(CLOSE);
        synchronized (lock) {
            if (ledger.pendingRows() > 0) {
                log.warn("{} rows could not be committed before the stop", ledger.pendingRows());
            }
            ledger.firstPending(Integer.MAX_VALUE)
                    .forEach(waiting -> waiting.committed()
                            .completeExceptionally(
                                    new StoreUnavailableException("the server stopped before the commit", null)));
        }
    }
}
