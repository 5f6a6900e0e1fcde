package dev.glimpse.dataset;

import dev.glimpse.dataset.IndexJob.State;
import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lance.index.Index;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The table of pictures. One row per picture, whoever adds it and how often. Safe to share between threads; between
 * processes the store's conditional put decides who commits. Native calls run on threads of its own, with a deadline.
 */
public final class ImageDataset implements AutoCloseable {
    /** Key of the table in the store. */
    static final String KEY = "vectors/images.lance/";

    private static final Logger log = LoggerFactory.getLogger(ImageDataset.class);

    /** Searches that may wait for a thread. */
    private static final int READ_QUEUE = 64;

    private static final Duration READ_DEADLINE = Duration.ofSeconds(10);

    /** For what runs when the table is closed. What waits to be committed has been waited for before. */
    private static final int CLOSE_SECONDS = 2;

    /** Files of one commit that travel at the same time. */
    private static final int TRANSFERS = 16;

    private final ModelStamp model;
    private final String path;
    private final ThreadPoolTaskExecutor reads =
            pool("lance-read", Math.max(2, Runtime.getRuntime().availableProcessors()), READ_QUEUE);
    private final ThreadPoolTaskExecutor commits = pool("lance-commit", 1, Integer.MAX_VALUE);
    private final ThreadPoolTaskExecutor builds = pool("lance-index", 1, 1);
    private final ThreadPoolTaskExecutor transfers = pool("table-transfer", TRANSFERS, Integer.MAX_VALUE);
    private final LanceTable table;
    private final Committer committer;
    private final Object jobLock = new Object();
    private volatile IndexJob indexJob = IndexJob.NONE;
    private boolean closed;

    private ImageDataset(ObjectStore store, Path work, ModelStamp model) throws IOException {
        this.model = model;
        this.path = store.folder()
                .map(root -> root.resolve(KEY).toString())
                .orElse(store.address(KEY.substring(0, KEY.length() - 1)));
        this.table = new LanceTable(
                allocator ->
                        new Replica(store, KEY, work.resolve("replica"), work.resolve("scratch"), allocator, transfers),
                model);
        this.committer = new Committer(table, commits);
    }

    /**
     * Opens the table of this store, or creates an empty one. A copy of a bucket's table is made or brought up to date
     * in the working folder.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public static ImageDataset open(ObjectStore store, Path work, ModelStamp model) {
        try {
            ImageDataset dataset = new ImageDataset(store, work, model);
            TableState state = dataset.state();
            log.info(
                    "table={} rows={} version={} problem={}",
                    state.path(),
                    state.committedRows(),
                    state.version(),
                    state.problem());
            return dataset;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the table " + store.address(KEY), e);
        }
    }

    /** Whether a row of this picture is committed. Reads memory alone. */
    public boolean contains(ImageId id) {
        return committer.contains(id);
    }

    /**
     * Adds the row unless its picture has one. The answer comes when the row is in the store and found by searches, and
     * says whether this call added it. Rows that wait at the same time are committed together.
     *
     * @return completes exceptionally with {@link dev.glimpse.storage.StoreUnavailableException} when the row may or may
     *     not be committed; adding it again is right
     * @throws TableBusyException if too many rows wait already
     * @throws ForeignTableException if the table was not made by Glimpse
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Boolean> add(PictureRow row) {
        requireWritable();
        return committer.add(row);
    }

    /** Whether rows can be added; else throws what {@link #add} would. */
    public void requireWritable() {
        requireSameModel();
        if (stamp() == null) {
            throw new ForeignTableException(String.valueOf(problem()));
        }
    }

    /**
     * At most {@code k} rows, nearest first. With an index the answer is approximate unless {@code exact}; rows that the
     * index does not know yet are always looked at.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public List<Neighbor> nearest(Embedding query, int k, boolean exact) {
        requireSameModel();
        try {
            return await(reads.submit(() -> table.nearest(query, k, exact)));
        } catch (TaskRejectedException e) {
            throw new TableBusyException(READ_QUEUE + " searches wait already");
        }
    }

    /** What {@code /stats} shows. Reads memory alone. */
    public TableState state() {
        Snapshot newest = table.newest();
        return new TableState(
                path,
                newest.rows(),
                committer.pendingRows(),
                newest.version(),
                newest.fragments(),
                newest.bytes(),
                newest.columns(),
                newest.indices(),
                stamp(),
                problem());
    }

    /** The build that was asked for last. */
    public IndexJob indexJob() {
        return indexJob;
    }

    /**
     * Starts to build an IVF_FLAT index with cosine distance; see {@link #indexJob} for its end. Searches and uploads go
     * on meanwhile, and what they add is found.
     *
     * @throws EmptyTableException if there is no row
     * @throws IndexBuildRunningException if a build runs
     */
    public void startIndexBuild() {
        requireWritable();
        if (table.newest().rows() == 0) {
            throw new EmptyTableException("an index needs at least one row, and the table has none");
        }
        synchronized (jobLock) {
            if (indexJob.state() == State.RUNNING) {
                throw new IndexBuildRunningException("a build has been running since " + indexJob.startedAt());
            }
            indexJob = IndexJob.running();
        }
        builds.execute(this::buildIndex);
    }

    // Nobody else hears of a failure on the build thread, so all of them end in the job.
    @SuppressWarnings("CatchingUnchecked")
    private void buildIndex() {
        IndexJob job = indexJob;
        long start = System.nanoTime();
        try (Scratch scratch = commits.submit(table::fullScratch).get()) {
            Index index = table.train(scratch);
            committer.commitIndex(scratch, index).get();
            log.info("index={} millis={}", LanceTable.INDEX, (System.nanoTime() - start) / 1_000_000);
            indexJob = job.done();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            indexJob = job.failed("the server stopped");
        } catch (Exception e) {
            log.error("the index was not built", e);
            indexJob = job.failed(String.valueOf(e.getMessage()));
        }
    }

    private void requireSameModel() {
        ModelStamp stamp = stamp();
        if (stamp != null && !stamp.fingerprint().equals(model.fingerprint())) {
            throw new ModelMismatchException(String.valueOf(problem()));
        }
    }

    private @Nullable ModelStamp stamp() {
        return ModelStamp.of(table.newest().metadata()).orElse(null);
    }

    private @Nullable String problem() {
        ModelStamp stamp = stamp();
        if (stamp == null) {
            return "the table " + path + " lacks the metadata " + ModelStamp.KEYS
                    + ": it was not made by Glimpse, so it is searched and not written";
        }
        if (!stamp.fingerprint().equals(model.fingerprint())) {
            return "the table " + path + " was made with the model " + stamp.name() + " (" + stamp.fingerprint()
                    + ") and this server has " + model.name() + " (" + model.fingerprint()
                    + "): start it with the table's model, or with another bucket or folder";
        }
        return null;
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.get(READ_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new TableBusyException("no answer from the table within " + READ_DEADLINE.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while waiting for the table");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("the table cannot be read: " + e.getCause(), e);
        }
    }

    private static ThreadPoolTaskExecutor pool(String name, int threads, int queue) {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix(name + "-");
        pool.setCorePoolSize(threads);
        pool.setMaxPoolSize(threads);
        pool.setQueueCapacity(queue);
        pool.setAllowCoreThreadTimeOut(true);
        pool.setWaitForTasksToCompleteOnShutdown(true);
        pool.setAwaitTerminationSeconds(CLOSE_SECONDS);
        pool.initialize();
        return pool;
    }

    /**
     * Commits what waits, lets running searches finish, then frees all that is native. An index build, which cannot be
     * interrupted, is not waited for: the table stays as it was before, and what is native is then left to the end of
     * the process. Twice is fine.
     */
    @Override
    public void close() {
        synchronized (jobLock) {
            if (closed) {
                return;
            }
            closed = true;
        }
        committer.close();
        builds.shutdown();
        commits.shutdown();
        reads.shutdown();
        transfers.shutdown();
        if (builds.getActiveCount() + commits.getActiveCount() + reads.getActiveCount() == 0) {
            table.close();
        } else {
            log.warn("closed while native calls still run");
        }
    }
}
