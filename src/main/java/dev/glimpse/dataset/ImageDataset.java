package dev.glimpse.dataset;

import dev.glimpse.dataset.IndexJob.State;
import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

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
    private static final Duration SCAN_DEADLINE = Duration.ofMinutes(10);

    /** For what runs when the table is closed. What waits to be committed has been waited for before. */
    private static final int CLOSE_SECONDS = 1;

    /** Texts that show what is searched for. */
    private static final int RECENT = 32;

    /** Files of one commit that travel at the same time. */
    private static final int TRANSFERS = 16;

    private final ModelStamp model;
    private final String path;
    private final ThreadPoolTaskExecutor reads =
            pool("lance-read", Math.max(2, Runtime.getRuntime().availableProcessors()), READ_QUEUE);
    private final ThreadPoolTaskScheduler commits = thread("lance-commit");
    private final ThreadPoolTaskScheduler replicas = thread("lance-replica");
    private final ThreadPoolTaskScheduler upkeep = thread("lance-maintenance");
    private final ThreadPoolTaskScheduler indexing = thread("lance-index");
    private final ThreadPoolTaskExecutor transfers = pool("table-transfer", TRANSFERS, Integer.MAX_VALUE);
    private final boolean inBucket;
    private final LanceTable table;
    private final TableReader reader;
    private final Committer committer;
    private final Follower follower;
    private final Maintenance maintenance;
    private final History history;
    private final Queue<Embedding> recent = new ConcurrentLinkedQueue<>();
    private final Object jobLock = new Object();
    private volatile IndexJob indexJob = IndexJob.NONE;
    private boolean closed;

    private ImageDataset(ObjectStore store, Path work, ModelStamp model, TableSettings settings, Timing timing)
            throws IOException {
        this.model = model;
        this.inBucket = store.folder().isEmpty();
        this.path = store.folder()
                .map(root -> root.resolve(KEY).toString())
                .orElse(store.address(KEY.substring(0, KEY.length() - 1)));
        this.table = new LanceTable(
                allocator -> new Replica(
                        store,
                        KEY,
                        work.resolve("replica"),
                        work.resolve("scratch"),
                        settings.replica().disk().toBytes(),
                        timing,
                        allocator,
                        transfers),
                store.bucket().map(bucket -> BucketAccess.of(bucket, KEY)),
                settings.maintenance().indexRows(),
                work.resolve("vectors"),
                model);
        this.reader = table.reader();
        this.committer = new Committer(table, settings.commit(), commits, this::serveSoon);
        this.follower = new Follower(table, committer, commits, replicas);
        if (inBucket) {
            follower.poll(settings.replica().poll());
        }
        this.history = new History(store, KEY, reader);
        serveSoon();
        this.maintenance = new Maintenance(
                table,
                committer,
                new Lease(store, work, timing.lease()),
                new Cleanup(
                        store,
                        KEY,
                        table.replica(),
                        settings.maintenance().retention(),
                        Maintenance.MOST_VERSIONS,
                        timing),
                settings.maintenance(),
                timing.cleanup(),
                () -> problem() == null,
                () -> follower.served().get(),
                indexing,
                () -> List.copyOf(recent));
        Future<?> unused =
                upkeep.scheduleWithFixedDelay(maintenance::run, Instant.now().plus(timing.upkeep()), timing.upkeep());
    }

    /**
     * Opens the table of this store, or creates an empty one. A copy of a bucket's table is made or brought up to date
     * in the working folder.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public static ImageDataset open(ObjectStore store, Path work, ModelStamp model, TableSettings settings) {
        return open(store, work, model, settings, Timing.USUAL);
    }

    static ImageDataset open(ObjectStore store, Path work, ModelStamp model, TableSettings settings, Timing timing) {
        try {
            ImageDataset dataset = new ImageDataset(store, work, model, settings, timing);
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

    /** Whether there is a row of this picture, committed or waiting to be. Reads memory alone. */
    public boolean contains(ImageId id) {
        return committer.contains(id);
    }

    /**
     * Adds the row unless its picture has one. Searches find it when this returns. Rows that wait are committed together,
     * and one that waits is never given up while this process lives; until its commit, only its picture in the store
     * outlives the process.
     *
     * @return completes when the row is committed, and says whether it came from this call; exceptionally with {@link
     *     dev.glimpse.storage.StoreUnavailableException} if this is closed before that
     * @throws TableBusyException if this is closed
     * @throws ForeignTableException if the table was not made by Glimpse
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Boolean> add(PictureRow row) {
        requireWritable();
        return committer.add(row);
    }

    /** Whether the table has a row of this picture, hidden or not, as far as it is known here. Reads memory alone. */
    public boolean isCommitted(ImageId id) {
        return committer.isCommitted(id);
    }

    /** Completes when the row of this picture is committed, at once with false if there is none. */
    public CompletableFuture<Boolean> committed(ImageId id) {
        return committer.committed(id);
    }

    /** Commits what waits, and waits for that, but not for longer than this. */
    public void flush(Duration time) {
        committer.flush(time);
    }

    /**
     * Takes the row out of what searches show and {@link #contains} knows. To be followed by {@link #remove}, or by {@link
     * #show} if it stays.
     */
    public void hide(ImageId id) {
        committer.hide(id);
    }

    public void show(ImageId id) {
        committer.show(id);
    }

    /**
     * Removes the row of this picture, committed or waiting.
     *
     * @return completes when that is committed, and says whether there was one
     * @throws ForeignTableException if the table was not made by Glimpse
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Boolean> remove(ImageId id) {
        requireWritable();
        return committer.remove(id);
    }

    /** Takes over what other servers have committed; completes when that is known here. */
    public CompletableFuture<Void> refresh() {
        return committer.refresh();
    }

    /**
     * Whether one more row may come in.
     *
     * @throws TableBusyException if too many wait to be committed
     */
    public void requireRoom() {
        committer.requireRoom();
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
        recent.add(query);
        if (recent.size() > RECENT) {
            recent.poll();
        }
        Committer.Unsettled unsettled = committer.unsettled();
        List<Neighbor> committed;
        try {
            committed = await(
                    reads.submit(
                            () -> nearestCommitted(query, k + unsettled.hidden().size(), exact)),
                    READ_DEADLINE);
        } catch (TaskRejectedException e) {
            throw new TableBusyException(READ_QUEUE + " searches wait already");
        }
        if (unsettled.isNothing()) {
            return committed;
        }
        Set<String> seen = new HashSet<>();
        return Stream.concat(
                        committed.stream()
                                .filter(neighbor -> !unsettled.hidden().contains(neighbor.id())),
                        unsettled.rows().stream().map(row -> Neighbor.of(row, query)))
                .filter(neighbor -> seen.add(neighbor.id()))
                .sorted(Comparator.comparingDouble(Neighbor::distance))
                .limit(k)
                .toList();
    }

    private List<Neighbor> nearestCommitted(Embedding query, int k, boolean exact) throws Exception {
        try {
            return reader.nearest(query, k, exact);
        } catch (TableBusyException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            if (!inBucket) {
                throw e;
            }
            log.warn("the table is read anew, as a search failed: {}", e.toString());
            follower.readAnew();
            try {
                return reader.nearest(query, k, exact);
            } catch (IOException | RuntimeException again) {
                throw new StoreUnavailableException("the table can be read neither here nor in the bucket", again);
            }
        }
    }

    // ---- the past

    /** The versions that are kept, the newest first. Asks the store. */
    public List<TableVersion> versions() {
        return history.versions().descendingMap().entrySet().stream()
                .map(version -> new TableVersion(version.getKey(), version.getValue()))
                .toList();
    }

    /**
     * The same as {@link #nearest} in a version that is kept.
     *
     * @throws VersionNotFoundException if it is not there, or not any more
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public PastNeighbors nearestIn(long version, Embedding query, int k, boolean exact) {
        requireSameModel();
        return past(() -> history.read(
                version,
                snapshot -> new PastNeighbors(
                        version,
                        true,
                        reader.nearestByLance(
                                snapshot,
                                query,
                                k,
                                exact,
                                IndexTuning.of(snapshot.head().metadata())))));
    }

    /**
     * The same at a moment: in the version that was the newest then or, if that is not kept, among the rows of today that had
     * been uploaded by then.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public PastNeighbors nearestAt(Instant time, Embedding query, int k, boolean exact) {
        requireSameModel();
        Optional<Long> version = history.newestAt(time);
        return version.isPresent()
                ? nearestIn(version.get(), query, k, exact)
                : past(() -> new PastNeighbors(null, false, reader.nearestUploadedBy(query, k, time)));
    }

    private PastNeighbors past(Callable<PastNeighbors> search) {
        try {
            return await(reads.submit(search), READ_DEADLINE);
        } catch (TaskRejectedException e) {
            throw new TableBusyException(READ_QUEUE + " searches wait already");
        }
    }

    // ---- what is read

    private void serveSoon() {
        follower.serveSoon();
    }

    /** Completes when searches look where they will look from then on: in memory, if the table fits there. */
    public CompletableFuture<Void> settled() {
        return follower.served();
    }

    /** What memory is used. */
    public MemoryState memory() {
        return table.memory();
    }

    /** How old what is read may be. A table in a folder is never stale. */
    public Freshness freshness() {
        return follower.freshness();
    }

    /**
     * What is known of other servers' changes.
     *
     * @param asOf when the bucket was asked last, with success
     * @param stale whether it does not answer
     */
    public record Freshness(Instant asOf, boolean stale) {}

    /**
     * Hands over the pictures of all committed rows, as the table has them.
     *
     * @throws TableBusyException if too many searches wait, or this takes more than ten minutes
     */
    public void forEachId(Consumer<ImageId> ids) {
        await(
                reads.submit(() -> {
                    table.allIds(ids);
                    return true;
                }),
                SCAN_DEADLINE);
    }

    /** What {@code /stats} shows. Reads memory alone. */
    public TableState state() {
        Head head = table.head();
        Snapshot served = reader.served();
        return new TableState(
                path,
                head.rows(),
                committer.pendingRows(),
                head.version(),
                head.fragments().size(),
                head.bytes(),
                head.columns(),
                served.indices().stream().map(index -> index.of(head.rows())).toList(),
                served.isLocal() ? TableState.Reading.LOCAL : TableState.Reading.BUCKET,
                reader.searchState(),
                new TableState.MaintenanceState(
                        Maintenance.smallFragments(head),
                        head.segments().isEmpty() ? 0 : Head.rows(head.unindexed()),
                        head.fragments().stream()
                                .mapToLong(Head.FragmentState::deletedRows)
                                .sum(),
                        maintenance.working(),
                        maintenance.failure()),
                stamp(),
                problem());
    }

    /** The build that was asked for last. */
    public IndexJob indexJob() {
        return indexJob;
    }

    /**
     * Starts to build an index, in place of the one that there is; see {@link #indexJob} for its end. Searches and uploads go
     * on meanwhile, and what they add is found.
     *
     * @throws EmptyTableException if there is no row
     * @throws IndexBuildRunningException if a build that was asked for runs
     */
    public void startIndexBuild(IndexKind kind) {
        requireWritable();
        if (table.head().rows() == 0) {
            throw new EmptyTableException("an index needs at least one row, and the table has none");
        }
        synchronized (jobLock) {
            if (indexJob.state() == State.RUNNING) {
                throw new IndexBuildRunningException("a build has been running since " + indexJob.startedAt());
            }
            indexJob = IndexJob.running();
        }
        upkeep.execute(() -> buildIndex(kind));
    }

    // Nobody else hears of a failure on that thread, so all of them end in the job.
    @SuppressWarnings("CatchingUnchecked")
    private void buildIndex(IndexKind kind) {
        IndexJob job = indexJob;
        long start = System.nanoTime();
        try {
            CompletableFuture<String> unused = maintenance.train(kind).whenComplete((tuning, e) -> {
                if (e == null) {
                    log.info("index={} millis={} tuning={}", kind, (System.nanoTime() - start) / 1_000_000, tuning);
                    indexJob = job.done();
                } else {
                    indexFailed(job, e);
                }
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            indexJob = job.failed("the server stopped");
        } catch (Exception e) {
            indexFailed(job, e);
        }
    }

    private void indexFailed(IndexJob job, Throwable e) {
        log.error("the index was not built", e);
        indexJob = job.failed(String.valueOf(e.getMessage()));
    }

    private void requireSameModel() {
        ModelStamp stamp = stamp();
        if (stamp != null && !stamp.fingerprint().equals(model.fingerprint())) {
            throw new ModelMismatchException(String.valueOf(problem()));
        }
    }

    private @Nullable ModelStamp stamp() {
        return ModelStamp.of(table.head().metadata()).orElse(null);
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

    private static <T> T await(Future<T> future, Duration deadline) {
        try {
            return future.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new TableBusyException("no answer from the table within " + deadline.toSeconds() + " s");
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

    private static ThreadPoolTaskScheduler thread(String name) {
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadNamePrefix(name + "-");
        thread.setPoolSize(1);
        thread.setWaitForTasksToCompleteOnShutdown(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
        thread.setAwaitTerminationSeconds(CLOSE_SECONDS);
        thread.initialize();
        return thread;
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
        maintenance.stop();
        committer.close();
        upkeep.shutdown();
        indexing.shutdown();
        commits.shutdown();
        replicas.shutdown();
        reads.shutdown();
        transfers.shutdown();
        if (upkeep.getActiveCount()
                        + indexing.getActiveCount()
                        + commits.getActiveCount()
                        + replicas.getActiveCount()
                        + reads.getActiveCount()
                == 0) {
            history.close();
            table.close();
        } else {
            log.warn("closed while native calls still run");
        }
    }
}
