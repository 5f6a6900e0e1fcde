package dev.glimpse.dataset;

import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lance.index.Index;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.AsyncTaskExecutor;

/**
 * Group commit: rows that wait while a commit runs go into the next one together, so that the number of commits follows
 * the time they take and not the number of rows. Knows the pictures of all rows, so that none gets two.
 */
final class Committer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Committer.class);

    /** Rows of one commit: a fragment of half a megabyte. What waits beyond it goes into the next. */
    private static final int COMMIT_ROWS = 256;

    /** Rows that may wait. A commit takes a few round trips, so this is some seconds of work for the store. */
    private static final int MAX_PENDING = 4096;

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    private static final int ATTEMPTS = 20;

    /** A server that is told to stop has 30 s in all. */
    private static final Duration CLOSE = Duration.ofSeconds(20);

    private record Pending(PictureRow row, CompletableFuture<Boolean> added) {}

    private final LanceTable table;

    /** One thread, the only one that writes to the table. */
    private final AsyncTaskExecutor commits;

    /** Guards the fields below. */
    private final Object lock = new Object();

    private final IdSet ids = new IdSet();
    private final Queue<Pending> pending = new ArrayDeque<>();
    private boolean closed;

    Committer(LanceTable table, AsyncTaskExecutor commits) throws IOException {
        this.table = table;
        this.commits = commits;
        learnIds();
    }

    boolean contains(ImageId id) {
        synchronized (lock) {
            return ids.contains(id.sha256());
        }
    }

    int pendingRows() {
        synchronized (lock) {
            return pending.size();
        }
    }

    /** See {@link ImageDataset#add}. */
    CompletableFuture<Boolean> add(PictureRow row) {
        Pending added = new Pending(row, new CompletableFuture<>());
        synchronized (lock) {
            if (closed || pending.size() >= MAX_PENDING) {
                throw new TableBusyException(
                        closed ? "the table is closed" : MAX_PENDING + " rows wait to be committed already");
            }
            pending.add(added);
            if (pending.size() == 1) {
                commits.execute(this::commitPending);
            }
        }
        return added.added;
    }

    /** Rows may have been committed since the build began, so the index goes on top of the newest version. */
    Future<Void> commitIndex(Scratch built, Index index) {
        return commits.submit(() -> {
            untilWon(() -> table.commitIndex(built, index));
            return null;
        });
    }

    private void commitPending() {
        List<Pending> batch;
        synchronized (lock) {
            batch = pending.stream().limit(COMMIT_ROWS).toList();
        }
        List<Boolean> added = List.of();
        @Nullable Throwable failure = null;
        try {
            added = commit(batch.stream().map(Pending::row).toList());
        } catch (Throwable e) {
            // Of any kind, since uploads wait for it and the next batch must have its turn.
            log.warn("commit of {} rows failed: {}", batch.size(), e.toString());
            failure = e;
        }
        // Before the answers: a caller that has one no longer counts as waiting.
        forget(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            if (failure == null) {
                batch.get(i).added.complete(added.get(i));
            } else {
                batch.get(i).added.completeExceptionally(failure);
            }
        }
    }

    private void forget(int rows) {
        synchronized (lock) {
            for (int i = 0; i < rows; i++) {
                pending.remove();
            }
            if (pending.isEmpty()) {
                lock.notifyAll();
            } else {
                commits.execute(this::commitPending);
            }
        }
    }

    /** For each row whether it was added now. */
    private List<Boolean> commit(List<PictureRow> batch) throws IOException {
        List<Boolean> added = new ArrayList<>();
        List<PictureRow> rows = new ArrayList<>();
        untilWon(() -> {
            added.clear();
            rows.clear();
            Set<ImageId> seen = new HashSet<>();
            for (PictureRow row : batch) {
                boolean isNew = !contains(row.id()) && seen.add(row.id());
                added.add(isNew);
                if (isNew) {
                    rows.add(row);
                }
            }
            return rows.isEmpty() || table.append(rows);
        });
        synchronized (lock) {
            rows.forEach(row -> ids.add(row.id().sha256()));
        }
        return added;
    }

    private interface Attempt {
        boolean won() throws IOException;
    }

    private void untilWon(Attempt attempt) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) {
            if (attempt.won()) {
                return;
            }
            // The rows of whoever won are in the way of ours.
            learnIds();
        }
        throw new TableBusyException("lost the race for the next version " + ATTEMPTS + " times");
    }

    private void learnIds() throws IOException {
        synchronized (lock) {
            table.newIds(id -> ids.add(id.sha256()));
        }
    }

    /** Takes no more rows, and waits until those that came before are committed, or 20 s are over. */
    @Override
    public void close() {
        long end = System.nanoTime() + CLOSE.toNanos();
        synchronized (lock) {
            closed = true;
            try {
                for (long left = CLOSE.toMillis(); !pending.isEmpty() && left > 0; ) {
                    lock.wait(left);
                    left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
