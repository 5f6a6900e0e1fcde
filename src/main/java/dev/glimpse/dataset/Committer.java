package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Group commit: rows wait in memory, where searches find them, and go into the table together. A row that has been taken
 * is kept until it is committed, however long the store is away. Knows the pictures of all rows, so that none gets two.
 */
final class Committer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Committer.class);

    /** Rows that may wait. A commit takes a few round trips, so this is some seconds of work for the store. */
    private static final int MAX_PENDING = 4096;

    /** Rows that are committed and wait to be read from the table, as when its files are on their way. */
    private static final int MAX_UNSERVED = 50_000;

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    private static final int ATTEMPTS = 20;

    /** The same of work that can be done later, or by the server that wins. */
    private static final int WORK_ATTEMPTS = 5;

    /** After a commit that failed, doubled each time that the next one fails too. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** For commits when this is closed. Who has much to commit flushes before. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    /**
     * A row that was taken and is not committed yet.
     *
     * @param committed says at the commit whether the row came from here
     */
    record Pending(PictureRow row, CompletableFuture<Boolean> committed) {}

    private record Unserved(PictureRow row, long version) {}

    private final LanceTable table;
    private final CommitProperties policy;

    /** One thread, the only one that writes to the table. */
    private final ThreadPoolTaskScheduler commits;

    private final Runnable moved;

    /** Guards the fields below. */
    private final Object lock = new Object();

    private IdSet ids = new IdSet();
    private final Map<ImageId, Pending> pending = new LinkedHashMap<>();

    /** Rows that the table has since a version that is not read yet. */
    private final Map<ImageId, Unserved> unserved = new LinkedHashMap<>();

    /** Rows that the table does not have since such a version. */
    private final Map<ImageId, Long> removed = new HashMap<>();

    /** Rows that are being deleted: in the table perhaps, and no longer shown. */
    private final Set<ImageId> leaving = new HashSet<>();

    /** The version that is read. */
    private long served;

    private boolean scheduled;
    private boolean queued;

    /** After a commit that failed: no other is begun before its time. */
    private boolean resting;

    /** Of a commit that failed it is not known what the table has of it. */
    private boolean uncertain;

    /** What went wrong with the last commit, unless it was one of those troubles that pass by themselves. */
    private @Nullable String failure;

    private boolean flushing;
    private boolean closed;
    private Duration pause = PAUSE;

    /**
     * @param carried rows that were taken before the table was opened anew
     * @param moved to be run when the table has another newest version, perhaps
     */
    Committer(
            LanceTable table,
            CommitProperties policy,
            ThreadPoolTaskScheduler commits,
            List<Pending> carried,
            Runnable moved)
            throws IOException {
        this.table = table;
        this.policy = policy;
        this.commits = commits;
        this.moved = moved;
        this.served = table.snapshots().current().version();
        learnIds();
        synchronized (lock) {
            carried.forEach(row -> pending.put(row.row.id(), row));
            if (!carried.isEmpty()) {
                commitIn(policy.age());
            }
        }
    }

    boolean contains(ImageId id) {
        synchronized (lock) {
            return (pending.containsKey(id) || ids.contains(id)) && !leaving.contains(id);
        }
    }

    /** See {@link ImageDataset#isFound}. */
    boolean isFound(ImageId id) {
        synchronized (lock) {
            return contains(id)
                    && (pending.containsKey(id)
                            || unserved.containsKey(id)
                            || table.manifest().version() <= served);
        }
    }

    /** See {@link ImageDataset#isCommitted}. */
    boolean isCommitted(ImageId id) {
        synchronized (lock) {
            return ids.contains(id);
        }
    }

    int pendingRows() {
        synchronized (lock) {
            return pending.size();
        }
    }

    /** See {@link ImageDataset#requireRoom}. */
    void requireRoom() {
        synchronized (lock) {
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            if (pending.size() >= MAX_PENDING) {
                throw new TableBusyException(MAX_PENDING + " rows wait to be committed already");
            }
            if (unserved.size() >= MAX_UNSERVED) {
                throw new TableBusyException(MAX_UNSERVED + " rows wait to be read from the table already");
            }
        }
    }

    /** See {@link ImageDataset#add}. */
    CompletableFuture<Boolean> add(PictureRow row) {
        synchronized (lock) {
            Pending waiting = pending.get(row.id());
            if (waiting != null) {
                return waiting.committed.thenApply(added -> false);
            }
            if (ids.contains(row.id())) {
                long newest = table.manifest().version();
                if (newest > served) {
                    // Another server's, perhaps, and in a version that is not read yet.
                    unserved.putIfAbsent(row.id(), new Unserved(row, newest));
                }
                return CompletableFuture.completedFuture(false);
            }
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            Pending added = new Pending(row, new CompletableFuture<>());
            pending.put(row.id(), added);
            if (pending.size() >= policy.rows() && !resting) {
                commitNow();
            } else {
                commitIn(policy.age());
            }
            return added.committed;
        }
    }

    /** What a search has to know beside the table, and before it looks there: else a row could be in neither. */
    Unsettled unsettled() {
        synchronized (lock) {
            Set<String> hidden = Stream.concat(leaving.stream(), removed.keySet().stream())
                    .map(ImageId::toString)
                    .collect(Collectors.toSet());
            return new Unsettled(
                    Stream.concat(
                                    unserved.values().stream().map(Unserved::row),
                                    pending.values().stream().map(Pending::row))
                            .filter(row -> !leaving.contains(row.id()))
                            .toList(),
                    hidden);
        }
    }

    /**
     * Rows on their way in and out.
     *
     * @param rows may be in the table by now as well
     * @param hidden ids of rows that the table has perhaps, and that are not to be shown from there
     */
    record Unsettled(List<PictureRow> rows, Set<String> hidden) {
        boolean isNothing() {
            return rows.isEmpty() && hidden.isEmpty();
        }
    }

    /** From now on this version is read. */
    void served(long version) {
        synchronized (lock) {
            served = version;
            unserved.values().removeIf(row -> row.version <= version);
            removed.values().removeIf(since -> since <= version);
        }
    }

    /** See {@link ImageDataset#committed}. */
    CompletableFuture<Boolean> committed(ImageId id) {
        synchronized (lock) {
            Pending waiting = pending.get(id);
            return waiting == null ? CompletableFuture.completedFuture(ids.contains(id)) : waiting.committed;
        }
    }

    /** See {@link ImageDataset#hide}. */
    void hide(ImageId id) {
        synchronized (lock) {
            leaving.add(id);
        }
    }

    void show(ImageId id) {
        synchronized (lock) {
            leaving.remove(id);
        }
    }

    /** See {@link ImageDataset#remove}. */
    CompletableFuture<Boolean> remove(ImageId id) {
        return commits.submitCompletable(() -> {
            boolean[] removed = {false};
            // A commit whose answer was lost may have brought the row in, and so may another server's.
            table.catchUp();
            learnIds();
            untilWon(ATTEMPTS, () -> {
                synchronized (lock) {
                    Pending waiting = pending.remove(id);
                    if (waiting != null) {
                        removed[0] = true;
                        waiting.committed.complete(false);
                    }
                    if (!ids.contains(id)) {
                        return true;
                    }
                }
                removed[0] = true;
                return table.delete(List.of(id));
            });
            synchronized (lock) {
                ids.remove(id);
                unserved.remove(id);
                if (table.manifest().version() > served) {
                    this.removed.put(id, table.manifest().version());
                }
                leaving.remove(id);
            }
            moved.run();
            return removed[0];
        });
    }

    /** See {@link ImageDataset#refresh}. */
    CompletableFuture<Void> refresh() {
        return commits.submitCompletable(() -> {
            catchUp();
            return null;
        });
    }

    /** The same on the thread of the commits, where it must be called. */
    void catchUp() throws IOException {
        table.catchUp();
        learnIds();
        moved.run();
    }

    /**
     * Commits what was made of an older version on top of the newest.
     *
     * @throws OutdatedException if that cannot be
     */
    void commitWork(Attempt work) throws Exception {
        onCommitThread(() -> {
            catchUp();
            untilWon(WORK_ATTEMPTS, work);
            moved.run();
            return true;
        });
    }

    /** Waits for its turn among the commits. */
    <T> T onCommitThread(Callable<T> work) throws Exception {
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
            batch = pending.values().stream().limit(policy.rows()).toList();
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
                batch.forEach(waiting -> {
                    ids.add(waiting.row.id());
                    pending.remove(waiting.row.id());
                    if (version > served) {
                        unserved.put(waiting.row.id(), new Unserved(waiting.row, version));
                    }
                });
                lock.notifyAll();
                if (pending.size() >= policy.rows() || (flushing && !pending.isEmpty())) {
                    commitNow();
                } else if (!pending.isEmpty()) {
                    commitIn(policy.age());
                }
            }
            moved.run();
            // After the lock: what waits for it may do anything.
            batch.forEach(waiting -> waiting.committed.complete(added.contains(waiting.row.id())));
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
    @Nullable String failure() {
        synchronized (lock) {
            return failure;
        }
    }

    /** Gives the pictures whose rows were added now. */
    private Set<ImageId> commit(List<PictureRow> batch) throws IOException {
        Set<ImageId> added = new HashSet<>();
        untilWon(ATTEMPTS, () -> {
            List<PictureRow> rows;
            synchronized (lock) {
                rows = batch.stream().filter(row -> !ids.contains(row.id())).toList();
            }
            added.clear();
            rows.forEach(row -> added.add(row.id()));
            return rows.isEmpty() || table.append(rows);
        });
        return added;
    }

    /** To make the next version, which another writer may make first. */
    interface Attempt {
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
        accept(table.followIds(ids::contains));
    }

    /** Reads the ids of all rows anew, whatever is known of them. On the thread of the commits. */
    void relearnIds() throws IOException {
        accept(table.readAllIds());
    }

    private void accept(FragmentIds.Change change) {
        synchronized (lock) {
            if (change.all()) {
                ids = change.ids();
            } else {
                ids.addAll(change.ids());
            }
        }
    }

    /** See {@link ImageDataset#flush}. */
    void flush(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        synchronized (lock) {
            if (pending.isEmpty()) {
                return;
            }
            flushing = true;
            commitNow();
            try {
                for (long left = time.toMillis(); !pending.isEmpty() && left > 0; ) {
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
    List<Pending> abandon() {
        synchronized (lock) {
            closed = true;
            List<Pending> waiting = List.copyOf(pending.values());
            pending.clear();
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
            if (!pending.isEmpty()) {
                log.warn("{} rows could not be committed before the stop", pending.size());
            }
            pending.values()
                    .forEach(waiting -> waiting.committed.completeExceptionally(
                            new StoreUnavailableException("the server stopped before the commit", null)));
        }
    }
}
