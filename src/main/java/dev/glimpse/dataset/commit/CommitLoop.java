package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowChange;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.RequestMeter;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Commits versions of the table, all on one thread, the commit thread. Another writer may commit the next version first: then this loop
 * learns which rows that version has, and tries again on top of it. No picture gets two rows. Safe for use by several threads, except for
 * what is said to belong on the commit thread.
 */
public final class CommitLoop {
    private static final Logger log = LoggerFactory.getLogger(CommitLoop.class);

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    private static final int ATTEMPTS = 20;

    /** Lost races after which work is given up that can be done later, or by the server that wins. */
    private static final int WORK_ATTEMPTS = 5;

    /** An attempt to commit the next version, which another writer may commit first. */
    public interface Attempt {
        boolean won() throws IOException;
    }

    private final LanceTable table;
    private final RowLedger ledger;
    private final ThreadPoolTaskScheduler thread;
    private final TableMeters meters;

    /** Runs when the table may have a newer version. */
    private volatile Runnable moved = () -> {};

    /** True after a failed commit: the store may or may not have applied it. Belongs to the commit thread. */
    private boolean uncertain;

    /** True at first, and after a failure of the ledger, which may lack ids that the table has followed. Belongs to the commit thread. */
    private boolean idsLost = true;

    /**
     * Tells the ledger which pictures the table has rows of.
     *
     * @param thread one thread, the only one that writes to the table
     */
    public CommitLoop(LanceTable table, RowLedger ledger, ThreadPoolTaskScheduler thread, TableMeters meters)
            throws IOException {
        this.table = table;
        this.ledger = ledger;
        this.thread = thread;
        this.meters = meters;
        learnIds();
    }

    /** Runs the task on the commit thread whenever the table may have a newer version. The task must not block. */
    public void whenNewVersion(Runnable task) {
        moved = task;
    }

    private void tellMoved() {
        try {
            moved.run();
        } catch (RuntimeException e) {
            // The version is committed, whether or not it is read: the server may be stopping.
            log.warn(
                    "version {} of the table is not read yet: {}",
                    table.manifest().version(),
                    e.toString());
        }
    }

    // ---- on the commit thread

    /** Runs this on the commit thread and waits for it. */
    public <T> T onCommitThread(Callable<T> work) throws Exception {
        try {
            // Not submit, which logs a failure and gives null in its place.
            return submit(work).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** Runs this on the commit thread, which then asks the bucket for the use that this thread asks it for. */
    private <T> CompletableFuture<T> submit(Callable<T> work) {
        return thread.submitCompletable(RequestMeter.forUse(RequestMeter.use(), work));
    }

    /** Runs this on the commit thread after this time. Does not wait for it. */
    void runAfter(Duration time, Runnable task) {
        if (time.isZero()) {
            thread.execute(task);
        } else {
            Future<?> unused = thread.schedule(task, Instant.now().plus(time));
        }
    }

    // ---- rows

    /**
     * Commits these rows in one version, without those that the table has by now, and tells the ledger. Belongs on the commit thread.
     *
     * @return the pictures whose rows were added by this call
     * @throws TableBusyException if other writers were faster each time
     */
    Set<ImageId> commit(List<Pending> group) throws IOException {
        if (uncertain) {
            catchUp();
        }
        ledger.makeRoom(group.size());
        uncertain = true;
        Set<ImageId> added = append(group.stream().map(Pending::row).toList());
        idsLost = true;
        // Again, because the ids of a writer that was faster may have taken it.
        ledger.makeRoom(group.size());
        ledger.committed(group, table.manifest().version());
        idsLost = false;
        uncertain = false;
        tellMoved();
        return added;
    }

    private Set<ImageId> append(List<PictureRow> rows) throws IOException {
        Set<ImageId> added = new HashSet<>();
        untilWon(ATTEMPTS, () -> {
            List<PictureRow> lacking = rows.stream()
                    .filter(row -> !ledger.stateOf(row.id()).isInTable())
                    .toList();
            added.clear();
            lacking.forEach(row -> added.add(row.id()));
            return lacking.isEmpty() || table.append(lacking);
        });
        return added;
    }

    /** See {@link ImageDataset#remove}. */
    public CompletableFuture<Boolean> remove(ImageId id) {
        return submit(() -> {
            boolean[] removed = {false};
            // A commit whose answer was lost may have brought the row in, and so may another server's.
            readNewest();
            learnIds();
            untilWon(ATTEMPTS, () -> {
                Pending waiting = ledger.removePending(id);
                if (waiting != null) {
                    removed[0] = true;
                    waiting.committed().complete(false);
                }
                if (!ledger.stateOf(id).isInTable()) {
                    return true;
                }
                removed[0] = true;
                return table.delete(List.of(id));
            });
            ledger.removed(List.of(id), table.manifest().version());
            tellMoved();
            return removed[0];
        });
    }

    /** See {@link SourceRows#remove}. */
    public CompletableFuture<Set<ImageId>> removeOfSources(Map<ImageId, RowNotes> rows) {
        return submit(() -> {
            readNewest();
            learnIds();
            Set<ImageId> removed = new HashSet<>();
            untilWon(ATTEMPTS, () -> {
                // Who uploads the picture now gives it another row.
                Map<ImageId, RowNotes> there = new HashMap<>(rows);
                there.keySet().removeIf(id -> !ledger.stateOf(id).isInTable() || ledger.pending(id) != null);
                removed.clear();
                Optional<Set<ImageId>> deleted = table.deleteOfSources(there);
                deleted.ifPresent(removed::addAll);
                return deleted.isPresent();
            });
            ledger.removed(removed, table.manifest().version());
            tellMoved();
            return removed;
        });
    }

    /**
     * Lets rows say that their pictures lie elsewhere.
     *
     * @param address how a path names a key
     * @see SourceRows#move
     */
    public CompletableFuture<Integer> move(Map<ImageId, SourceRows.Place> places, UnaryOperator<String> address) {
        return submit(() -> {
            catchUp();
            int[] moved = {0};
            untilWon(ATTEMPTS, () -> {
                Optional<Integer> outcome = table.move(places, address);
                moved[0] = outcome.orElse(0);
                return outcome.isPresent();
            });
            tellMoved();
            return moved[0];
        });
    }

    /** See {@link ImageDataset#describe}. */
    public CompletableFuture<RowChange> describe(ImageId id, UnaryOperator<RowNotes> change) {
        return submit(() -> {
            // Another server may have changed the row, or a commit whose answer was lost.
            catchUp();
            RowChange[] changed = {RowChange.NO_ROW};
            untilWon(ATTEMPTS, () -> {
                Optional<RowChange> outcome = table.describe(id, change);
                changed[0] = outcome.orElse(RowChange.NO_ROW);
                return outcome.isPresent();
            });
            tellMoved();
            return changed[0];
        });
    }

    // ---- other work

    /**
     * Commits work that was based on an older version, on top of the newest one. Waits for that.
     *
     * @throws OutdatedException if the newest version has changed what the work was based on
     * @throws TableBusyException if other writers were faster each time
     */
    public void commitWork(Attempt work) throws Exception {
        onCommitThread(() -> {
            catchUp();
            untilWon(WORK_ATTEMPTS, work);
            tellMoved();
            return true;
        });
    }

    // ---- commits of others

    /** See {@link ImageDataset#refresh}. */
    public CompletableFuture<Void> refresh() {
        return submit(() -> {
            catchUp();
            return null;
        });
    }

    /** Takes over what other servers have committed. Belongs on the commit thread. */
    public void catchUp() throws IOException {
        readNewest();
        learnIds();
        tellMoved();
    }

    private void readNewest() throws IOException {
        long before = table.manifest().version();
        table.catchUp();
        // A version may be of this server, if the answer to its commit was lost.
        meters.sawVersions(uncertain ? 0 : table.manifest().version() - before);
    }

    /** Reads the ids of all rows from the table again, and relies on nothing that was known before. Belongs on the commit thread. */
    public void relearnIds() throws IOException {
        ledger.accept(table.readAllIds(), table.manifest().version());
    }

    private void untilWon(int attempts, Attempt attempt) throws IOException {
        for (int i = 0; i < attempts; i++) {
            long before = table.manifest().version();
            if (attempt.won()) {
                return;
            }
            meters.sawVersions(table.manifest().version() - before);
            // The version of whoever won may have some of our rows.
            learnIds();
        }
        throw new TableBusyException("lost the race for the next version " + attempts + " times");
    }

    /** Takes over which rows others have added and removed. */
    private void learnIds() throws IOException {
        // Reads the table first and tells the ledger then, because searches and uploads wait for the ledger's monitor.
        FragmentIds.Change change = idsLost
                ? table.readAllIds()
                : table.followIds(id -> ledger.stateOf(id).isInTable());
        idsLost = true;
        ledger.accept(change, table.manifest().version());
        idsLost = false;
    }
}
