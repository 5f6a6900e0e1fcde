package dev.glimpse.dataset.table;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.WordHits;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordsUnavailableException;
import dev.glimpse.dataset.commit.CommitLoop;
import dev.glimpse.dataset.commit.GroupCommit;
import dev.glimpse.dataset.commit.Overlay;
import dev.glimpse.dataset.commit.RowLedger;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.lance.BucketAccess;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.LocalRows;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.MappedIds;
import dev.glimpse.dataset.lance.RecallCalibration;
import dev.glimpse.dataset.lance.TableReader;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.upkeep.GarbageCollection;
import dev.glimpse.dataset.upkeep.IndexBuilds;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.dataset.upkeep.MaintenanceLoop;
import dev.glimpse.dataset.upkeep.MaintenancePlanner;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * One table from when it is opened until it is closed: what writes to it, reads it, follows it and looks after it, and the threads of
 * these. When the store turns out to have another table, the whole is thrown away and another one made. Safe for use by several threads.
 */
public final class OpenTable implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OpenTable.class);

    /** Where the working folder has the copy of a bucket's table. */
    static final String REPLICA = "replica";

    /** Time for tasks that run when the table is closed. Rows have been committed before. */
    private static final int CLOSE_SECONDS = 1;

    /** Time for the thread that brings rows to the disk for a later process, when the table is closed. The first time these are all rows. */
    private static final int KEEP_SECONDS = 10;

    /** Time for a commit that is under way when the table is given up. */
    private static final Duration LAST_COMMIT = Duration.ofSeconds(30);

    private final ReadPool reads =
            new ReadPool(Math.max(2, Runtime.getRuntime().availableProcessors()), System::nanoTime);
    private final ThreadPoolTaskScheduler commits = thread("lance-commit", StoreUse.COMMITS);
    private final ThreadPoolTaskScheduler replicas = thread("lance-replica", StoreUse.POLLS);
    private final ThreadPoolTaskScheduler upkeep = thread("lance-maintenance", StoreUse.UPKEEP);
    private final ThreadPoolTaskScheduler indexing = thread("lance-index", StoreUse.UPKEEP);
    private final TableMeters meters;
    private final boolean inBucket;
    private final LanceTable table;
    private final TableReader reader;
    private final RowLedger ledger;
    private final CommitLoop commitLoop;
    private final GroupCommit groupCommit;
    private final RefreshLoop refreshLoop;
    private final MaintenanceLoop maintenance;
    private final MaintenanceLease fillLease;
    private final MaintenanceLease sourcesLease;
    private final TableGuard guard;
    private final History history;

    /**
     * Where a table is, and what it needs.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @param transfers runs puts and gets side by side
     * @param recent what was searched for lately
     */
    public record Place(
            ObjectStore store,
            Path work,
            KnownModels models,
            TableSettings settings,
            TableTimings timing,
            Executor transfers,
            Function<String, List<Embedding>> recent,
            TableMeters meters) {

        /** How an operator names the table. */
        public String address() {
            return store.filesInPlace()
                    .map(root -> root.resolve(ImageDataset.KEY).toString())
                    .orElse(store.address(ImageDataset.KEY.substring(0, ImageDataset.KEY.length() - 1)));
        }
    }

    /**
     * Opens the table of this store, or creates an empty one.
     *
     * @param carried rows that were taken before the table was opened anew, to be committed
     * @param trusted whether nothing is wrong with the table as a whole, as far as the caller knows
     * @param lost is told when the store is found to have another table, or none
     * @throws DamagedTableException if the table is there and cannot be read
     * @throws StoreUnavailableException if the store does not answer, and there is no copy of the table here
     */
    OpenTable(Place place, List<Pending> carried, BooleanSupplier trusted, Consumer<TableLostException> lost)
            throws IOException {
        ObjectStore store = place.store;
        TableSettings settings = place.settings;
        this.meters = place.meters;
        this.inBucket = store.filesInPlace().isEmpty();
        Path folder = place.work.resolve("vectors");
        @Nullable LanceTable opened = null;
        @Nullable RowLedger made = null;
        try {
            opened = new LanceTable(
                    manifests -> new Replica(
                            store,
                            ImageDataset.KEY,
                            place.work.resolve(REPLICA),
                            place.work.resolve("scratch"),
                            settings.replica().disk().toBytes(),
                            place.timing,
                            manifests,
                            place.transfers),
                    store.directAccess().map(bucket -> BucketAccess.of(bucket, ImageDataset.KEY)),
                    settings.maintenance().indexRows(),
                    folder,
                    place.models,
                    () -> TableStamp.fresh(store.hasAny(ImageDataset.PICTURES)),
                    lost);
            this.table = opened;
            this.reader = table.reader();
            made = new RowLedger(table.snapshots().current().version(), new MappedIds(folder));
            this.ledger = made;
            this.commitLoop = new CommitLoop(table, ledger, commits, meters);
            this.groupCommit = new GroupCommit(ledger, commitLoop, settings.commit(), carried, meters);
            TableGuard opening = new TableGuard(place.address(), place.models, table, groupCommit);
            this.guard = opening;
            RefreshLoop refreshing = new RefreshLoop(table, ledger, commitLoop, commits, replicas);
            this.refreshLoop = refreshing;
            this.history = new History(store, ImageDataset.KEY, table.snapshots());
            RecallCalibration calibration = new RecallCalibration(
                    table.snapshots(), reader, settings.maintenance(), place.recent, place.work.resolve("recall.json"));
            calibration.takeWhatWasKept();
            this.fillLease = new MaintenanceLease(
                    store, MaintenanceLease.FILL_KEY, place.work, place.timing.lease(), Elapsed.Clocks.SYSTEM);
            this.sourcesLease = new MaintenanceLease(
                    store, MaintenanceLease.SOURCES_KEY, place.work, place.timing.lease(), Elapsed.Clocks.SYSTEM);
            this.maintenance = new MaintenanceLoop(
                    table,
                    commitLoop,
                    new MaintenanceLease(store, place.work, place.timing.lease(), Elapsed.Clocks.SYSTEM),
                    new MaintenancePlanner(settings.maintenance().indexRows()),
                    new IndexBuilds(
                            table,
                            commitLoop,
                            calibration,
                            () -> refreshing.refreshed().get(),
                            indexing),
                    new GarbageCollection(
                            store,
                            ImageDataset.KEY,
                            table.replica(),
                            settings.maintenance().retention(),
                            MaintenancePlanner.MOST_VERSIONS,
                            place.timing),
                    calibration,
                    place.timing.garbageCollection(),
                    () -> trusted.getAsBoolean() && opening.problem() == null);
        } catch (IOException | RuntimeException | Error e) {
            shutDownThreads();
            if (opened != null) {
                opened.close();
            }
            if (made != null) {
                made.close();
            }
            throw e;
        }
        commitLoop.whenNewVersion(refreshLoop::refreshSoon);
        refreshLoop.startPolling(settings.replica().poll());
        refreshLoop.refreshSoon();
        Duration pause = place.timing.upkeep();
        refreshLoop.startKeeping(pause);
        Future<?> unused =
                upkeep.scheduleWithFixedDelay(maintenance::run, Instant.now().plus(pause), pause);
    }

    public LanceTable table() {
        return table;
    }

    TableReader reader() {
        return reader;
    }

    public RowLedger ledger() {
        return ledger;
    }

    public CommitLoop commitLoop() {
        return commitLoop;
    }

    public GroupCommit groupCommit() {
        return groupCommit;
    }

    public RefreshLoop refreshLoop() {
        return refreshLoop;
    }

    MaintenanceLoop maintenance() {
        return maintenance;
    }

    /** Says whether the table may be written and searched. */
    public TableGuard guard() {
        return guard;
    }

    public History history() {
        return history;
    }

    Manifest manifest() {
        return table.manifest();
    }

    /** The column that searches use now. */
    public VectorColumn served() {
        return table.snapshots().current().manifest().served();
    }

    /** Decides which server fills a column of vectors. For one thread. */
    public MaintenanceLease fillLease() {
        return fillLease;
    }

    /** Decides which server follows pictures that lie under names of their own. For one thread at a time. */
    public MaintenanceLease sourcesLease() {
        return sourcesLease;
    }

    /** Takes over which models this server has. Completes when searches use the column that follows from that. */
    public CompletableFuture<Void> modelsChanged() {
        return commits.submitCompletable(() -> {
                    table.modelsChanged();
                    return true;
                })
                .thenCompose(changed -> refreshLoop.refreshed());
    }

    /** See {@link dev.glimpse.dataset.ImageDataset#rowsInMemory}. */
    public long rowsInMemory() {
        LocalRows rows = table.snapshots().current().rows();
        return rows == null ? 0 : rows.vectors().size() + (long) ledger.pendingRows();
    }

    /** On the thread that looks after the table. */
    void maintain(Runnable task) {
        upkeep.execute(task);
    }

    /** Whether no search runs, nor anything else on the threads that read. */
    boolean isIdle() {
        return reads.active() == 0;
    }

    /**
     * Does something that needs the native side, on a thread for that.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    <T> Future<T> read(Callable<T> task) {
        return reads.submit(task);
    }

    /** As {@link #read}, for a search. */
    private <T> Future<T> search(Callable<T> task) {
        long asked = System.nanoTime();
        return read(() -> {
            meters.waits().record(System.nanoTime() - asked, TimeUnit.NANOSECONDS);
            return task.call();
        });
    }

    /** As {@link #read}, for a task that goes through all rows and may take minutes. */
    <T> Future<T> scan(Callable<T> task) {
        return reads.scan(task);
    }

    /**
     * The rows that a query asks for, nearest first: those of the table and those in memory. A thread of the read pool does all of it.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    Future<Nearest> nearest(NearestQuery query) {
        return search(() -> nearest(query, meters));
    }

    /**
     * Finds rows as {@link #nearest(NearestQuery)} does, for the server itself: it is not counted as a search.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    Future<Nearest> nearestUncounted(NearestQuery query) {
        return read(() -> nearest(query, TableMeters.UNBOUND));
    }

    private Nearest nearest(NearestQuery query, TableMeters steps) throws Exception {
        // Before the table is read: else a row could be found in neither.
        Overlay overlay = ledger.overlay();
        NearestQuery ofTable = query.withK(query.k() + overlay.hiddenRows());
        Nearest found = readCommitted(() -> reader.nearest(ofTable, steps));
        return found.with(overlay.nearest(found.neighbors(), query), overlay.size());
    }

    /**
     * The rows that have the words of a query, the best first: those of the table and those in memory.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    Future<WordHits> words(WordQuery query) {
        return search(() -> {
            Overlay overlay = ledger.overlay();
            return meters.words()
                    .recordCallable(() -> readCommitted(() -> reader.words(query, overlay.rows(), overlay.hidden())));
        });
    }

    /**
     * The first {@code k} pictures after this position, the newest first: those of the table and those in memory.
     *
     * @param after null for the first ones of all
     * @throws TableBusyException if what waits already will take too long
     */
    Future<List<Picture>> newest(@Nullable ListPosition after, int k) {
        return read(() -> {
            Overlay overlay = ledger.overlay();
            return overlay.newest(readCommitted(() -> reader.newest(after, k + overlay.hiddenRows())), after, k);
        });
    }

    /**
     * Counts the rows that pass a filter: those of the table and those in memory.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    Future<Facets> facets(RowFilter filter) {
        return read(() -> {
            Overlay overlay = ledger.overlay();
            TableReader.Counted ofTable = readCommitted(() -> reader.count(filter, overlay.ids()));
            return overlay.facets(ofTable.counter(), ofTable.apart(), filter);
        });
    }

    /**
     * The picture with this id, in the table or in memory.
     *
     * @throws TableBusyException if what waits already will take too long
     */
    Future<Optional<Picture>> find(ImageId id) {
        return read(() -> {
            Overlay overlay = ledger.overlay();
            return overlay.find(readCommitted(() -> reader.find(id)), id);
        });
    }

    /**
     * The vector of this picture, in the table or in memory.
     *
     * @param model fingerprint of the model that made it; null for the one that is served
     * @throws TableBusyException if what waits already will take too long
     */
    Future<Optional<Embedding>> vectorOf(ImageId id, @Nullable String model) {
        return read(() -> {
            Overlay overlay = ledger.overlay();
            String made = model == null ? served().model().fingerprint() : model;
            return overlay.vector(readCommitted(() -> reader.vectorOf(id, made)), id, made);
        });
    }

    Future<List<Embedding>> sample(int count, String model) {
        return read(() -> readCommitted(() -> reader.sample(count, model)));
    }

    private interface Reading<T> {
        T get() throws IOException;
    }

    private <T> T readCommitted(Reading<T> reading) throws Exception {
        try {
            return reading.get();
        } catch (TableBusyException | ForeignTableException | WordsUnavailableException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            if (!inBucket) {
                throw e;
            }
            log.warn("the table is read anew, as a search failed: {}", e.toString());
            refreshLoop.refreshFromBucket();
            try {
                return reading.get();
            } catch (IOException | RuntimeException again) {
                throw new StoreUnavailableException("the table can be read neither here nor in the bucket", again);
            }
        }
    }

    /**
     * Reads the table anew from the store: which version is the newest, whether its files are there, whose rows it has, and all rows.
     *
     * @throws DamagedTableException if that cannot be done
     * @throws TableLostException if the store has another table by now, or none
     */
    void readAnew() throws Exception {
        commitLoop.onCommitThread(() -> {
            table.catchUpByListing();
            table.replica().files().requireStored();
            commitLoop.relearnIds();
            return true;
        });
        refreshLoop.refreshed().get();
        String failure = refreshLoop.failure();
        if (failure != null) {
            throw new DamagedTableException(failure);
        }
    }

    /** Commits no more, and gives the rows that wait. They are the caller's from now on. */
    List<Pending> abandon() {
        maintenance.stop();
        Future<List<Pending>> waiting = commits.submitCompletable(groupCommit::abandon);
        try {
            return waiting.get(LAST_COMMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.warn("a commit goes on while the table is given up: {}", e.toString());
        }
        return groupCommit.abandon();
    }

    private void shutDownThreads() {
        upkeep.shutdown();
        indexing.shutdown();
        commits.shutdown();
        replicas.setAwaitTerminationSeconds(KEEP_SECONDS);
        replicas.shutdown();
        reads.close();
    }

    /**
     * Commits what waits, lets running searches finish, then frees all that is native. An index build, which cannot be
     * interrupted, is not waited for: the table stays as it was before, and what is native is then left to the end of
     * the process. To be called once.
     */
    @Override
    public void close() {
        maintenance.stop();
        groupCommit.close();
        table.snapshots().end();
        shutDownThreads();
        if (upkeep.getActiveCount()
                        + indexing.getActiveCount()
                        + commits.getActiveCount()
                        + replicas.getActiveCount()
                        + reads.active()
                == 0) {
            history.close();
            table.close();
            ledger.close();
        } else {
            log.warn("closed while native calls still run");
        }
    }

    /** @param use what the thread asks the bucket for, unless a task says something else */
    static ThreadPoolTaskScheduler thread(String name, StoreUse use) {
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadFactory(StoreThreads.factory(name + "-", use));
        thread.setPoolSize(1);
        thread.setWaitForTasksToCompleteOnShutdown(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
        thread.setAwaitTerminationSeconds(CLOSE_SECONDS);
        thread.initialize();
        return thread;
    }

    public static ThreadPoolTaskExecutor pool(String name, int threads, int queue) {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix(name + "-");
        pool.setCorePoolSize(threads);
        pool.setMaxPoolSize(threads);
        pool.setQueueCapacity(queue);
        pool.setAllowCoreThreadTimeOut(true);
        pool.setTaskDecorator(RequestMeter::carry);
        pool.setWaitForTasksToCompleteOnShutdown(true);
        pool.setAwaitTerminationSeconds(CLOSE_SECONDS);
        pool.initialize();
        return pool;
    }
}
