package dev.glimpse.dataset;

import dev.glimpse.dataset.IndexJob.State;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The table of pictures. One row per picture, whoever adds it and how often. Safe to share between threads; between
 * processes the store's conditional put decides who commits. Native calls run on threads of its own, with a deadline.
 */
public final class ImageDataset implements AutoCloseable {
    /** Key of the table in the store. */
    static final String KEY = "vectors/images.lance/";

    private static final Logger log = LoggerFactory.getLogger(ImageDataset.class);

    /** The keys of pictures begin so. */
    static final String PICTURES = "images/";

    private static final Duration READ_DEADLINE = Duration.ofSeconds(10);
    private static final Duration SCAN_DEADLINE = Duration.ofMinutes(10);

    /** Texts that show what is searched for. */
    private static final int RECENT = 32;

    /** Files of one commit that travel at the same time. */
    private static final int TRANSFERS = 16;

    private final ObjectStore store;
    private final ModelStamp model;
    private final String path;
    private final Instant started = Instant.now();
    private final ThreadPoolTaskExecutor transfers = OpenTable.pool("table-transfer", TRANSFERS, Integer.MAX_VALUE);
    private final TableSupervisor supervisor;
    private final Queue<Embedding> recent = new ConcurrentLinkedQueue<>();
    private final Object jobLock = new Object();
    private volatile IndexJob indexJob = IndexJob.NONE;

    private ImageDataset(ObjectStore store, Path work, ModelStamp model, TableSettings settings, TableTimings timing)
            throws IOException {
        this.store = store;
        this.model = model;
        OpenTable.Place place =
                new OpenTable.Place(store, work, model, settings, timing, transfers, () -> List.copyOf(recent));
        this.path = place.address();
        this.supervisor = new TableSupervisor(place, () -> problem() == null);
        try {
            supervisor.start();
        } catch (IOException | RuntimeException e) {
            transfers.shutdown();
            throw e;
        }
    }

    /**
     * Opens the table of this store, or creates an empty one. A copy of a bucket's table is made or brought up to date
     * in the working folder. A table that cannot be read does not stop this: see {@link TableState#problem}.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public static ImageDataset open(ObjectStore store, Path work, ModelStamp model, TableSettings settings) {
        return open(store, work, model, settings, TableTimings.USUAL);
    }

    static ImageDataset open(
            ObjectStore store, Path work, ModelStamp model, TableSettings settings, TableTimings timing) {
        try {
            ImageDataset dataset = new ImageDataset(store, work, model, settings, timing);
            TableState state = dataset.state();
            log.info(
                    "table={} rows={} version={} problem={}",
                    state.path(),
                    state.committedRows(),
                    state.version(),
                    state.problem());
            if (state.warning() != null) {
                log.warn("{}", state.warning());
            }
            return dataset;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot open the table " + store.address(KEY.substring(0, KEY.length() - 1)), e);
        }
    }

    /** Whether there is a row of this picture, committed or waiting to be. Reads memory alone. */
    public boolean contains(ImageId id) {
        return supervisor.table().map(table -> table.committer().contains(id)).orElse(false);
    }

    /**
     * Adds the row unless its picture has one. Searches find it when this returns. Rows that wait are committed together,
     * and one that waits is never given up while this process lives; until its commit, only its picture in the store
     * outlives the process.
     *
     * @return completes when the row is committed, and says whether it came from this call; exceptionally with {@link
     *     dev.glimpse.storage.StoreUnavailableException} if this is closed before that
     * @throws TableBusyException if this is closed
     * @throws TableUnavailableException if the table is damaged, gone or replaced
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Boolean> add(PictureRow row) {
        requireWritable();
        return supervisor.require().committer().add(row);
    }

    /**
     * Whether searches find the row of this picture for sure. One that {@link #contains} knows may be another server's, in a
     * version whose files are on their way; see {@link #settled}. Reads memory alone.
     */
    public boolean isFound(ImageId id) {
        return supervisor.table().map(table -> table.committer().isFound(id)).orElse(false);
    }

    /** Whether the table has a row of this picture, hidden or not, as far as it is known here. Reads memory alone. */
    public boolean isCommitted(ImageId id) {
        return supervisor
                .table()
                .map(table -> table.committer().isCommitted(id))
                .orElse(false);
    }

    /** Completes when the row of this picture is committed, at once with false if there is none. */
    public CompletableFuture<Boolean> committed(ImageId id) {
        return supervisor
                .table()
                .map(table -> table.committer().committed(id))
                .orElse(CompletableFuture.completedFuture(false));
    }

    /** Commits what waits, and waits for that, but not for longer than this. */
    public void flush(Duration time) {
        supervisor.table().ifPresent(table -> table.committer().flush(time));
    }

    /**
     * Takes the row out of what searches show and {@link #contains} knows. To be followed by {@link #remove}, or by {@link
     * #show} if it stays.
     */
    public void hide(ImageId id) {
        supervisor.table().ifPresent(table -> table.committer().hide(id));
    }

    /** Takes {@link #hide} back. Nothing happens if the row is not hidden, or there is none. */
    public void show(ImageId id) {
        supervisor.table().ifPresent(table -> table.committer().show(id));
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
        return onceMore(table -> table.committer().remove(id));
    }

    /**
     * Takes over what other servers have committed; completes when that is known here.
     *
     * @throws TableUnavailableException if the table is not open
     */
    public CompletableFuture<Void> refresh() {
        return onceMore(table -> table.committer().refresh());
    }

    /** Does it again if the table was found to be another one, and is open by then. */
    private <T> CompletableFuture<T> onceMore(Function<OpenTable, CompletableFuture<T>> work) {
        return work.apply(supervisor.require()).exceptionallyCompose(failure -> {
            if (!(cause(failure) instanceof TableLostException)) {
                return CompletableFuture.failedFuture(failure);
            }
            return supervisor
                    .settled()
                    .thenCompose(settled -> work.apply(supervisor.require()))
                    .exceptionallyCompose(again -> CompletableFuture.failedFuture(
                            cause(again) instanceof TableLostException lost
                                    ? new TableUnavailableException(String.valueOf(lost.getMessage()))
                                    : again));
        });
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /**
     * Whether one more row may come in.
     *
     * @throws TableBusyException if too many wait to be committed
     */
    public void requireRoom() {
        supervisor.require().committer().requireRoom();
    }

    /** Whether rows can be added; else throws what {@link #add} would. */
    public void requireWritable() {
        String trouble = supervisor.trouble();
        if (trouble != null) {
            throw new TableUnavailableException(trouble);
        }
        OpenTable table = supervisor.require();
        requireSameModel(table);
        String problem = problem();
        if (problem != null && table.committer().failure() != null) {
            throw new TableUnavailableException(problem);
        }
        if (problem != null) {
            throw new ForeignTableException(problem);
        }
    }

    /**
     * At most {@code k} rows, nearest first. With an index the answer is approximate unless {@code exact}; rows that the
     * index does not know yet are always looked at.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public List<Neighbor> nearest(Embedding query, int k, boolean exact) {
        OpenTable table = searched();
        recent.add(query);
        if (recent.size() > RECENT) {
            recent.poll();
        }
        return located(table.nearest(query, k, exact, answer -> await(answer, READ_DEADLINE)));
    }

    /** The table, if this server's embeddings can be compared with its vectors. */
    private OpenTable searched() {
        OpenTable table = supervisor.require();
        requireSameModel(table);
        if (table.manifest().unsearchable() != null) {
            throw new ForeignTableException(String.valueOf(problem()));
        }
        return table;
    }

    /** A row may have come here with its bucket's name in it, from another bucket or folder that was copied or moved. */
    private List<Neighbor> located(List<Neighbor> rows) {
        return rows.stream()
                .map(row -> ImageId.parse(row.id()).isPresent() ? row.at(store.address(row.id())) : row)
                .toList();
    }

    // ---- the past

    /** The versions that are kept, the newest first. Asks the store. */
    public List<TableVersion> versions() {
        return supervisor.require().history().versions().descendingMap().entrySet().stream()
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
        OpenTable table = searched();
        return past(
                table,
                () -> table.history().read(version, snapshot -> {
                    if (snapshot.manifest().unsearchable() != null) {
                        throw new ForeignTableException("version " + version + " of the table cannot be searched: "
                                + snapshot.manifest().unsearchable());
                    }
                    return new PastNeighbors(
                            version,
                            true,
                            table.reader()
                                    .nearestByLance(
                                            snapshot,
                                            query,
                                            k,
                                            exact,
                                            IndexTuning.of(snapshot.manifest().metadata())));
                }));
    }

    /**
     * The same at a moment: in the version that was the newest then or, if that is not kept, among the rows of today that had
     * been uploaded by then.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public PastNeighbors nearestAt(Instant time, Embedding query, int k, boolean exact) {
        OpenTable table = searched();
        Optional<Long> version = table.history().newestAt(time);
        return version.isPresent()
                ? nearestIn(version.get(), query, k, exact)
                : past(
                        table,
                        () -> new PastNeighbors(null, false, table.reader().nearestUploadedBy(query, k, time)));
    }

    private PastNeighbors past(OpenTable table, Callable<PastNeighbors> search) {
        PastNeighbors found = await(table.read(search), READ_DEADLINE);
        return new PastNeighbors(found.version(), found.complete(), located(found.neighbors()));
    }

    // ---- what is read

    /**
     * Completes when searches look where they will look from then on: at the newest version that is known, in memory, if the
     * table fits there.
     */
    public CompletableFuture<Void> settled() {
        return supervisor
                .table()
                .map(table -> table.refreshLoop().refreshed())
                .orElse(CompletableFuture.completedFuture(null));
    }

    /** What memory is used. */
    public MemoryState memory() {
        return supervisor.table().map(table -> table.table().memory()).orElse(MemoryState.NONE);
    }

    /** How old what is read may be. A table that is not open is as old as this server. */
    public Freshness freshness() {
        return supervisor.table().map(table -> table.refreshLoop().freshness()).orElse(new Freshness(started, true));
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
     * @throws TableUnavailableException if the table is not open
     */
    public void forEachId(Consumer<ImageId> ids) {
        OpenTable table = supervisor.require();
        await(
                table.read(() -> {
                    table.table().allIds(ids);
                    return true;
                }),
                SCAN_DEADLINE);
    }

    /** What {@code /stats} shows. Reads memory alone. */
    public TableState state() {
        return supervisor.table().map(this::stateOf).orElseGet(this::stateOfNone);
    }

    private TableState stateOf(OpenTable table) {
        Manifest manifest = table.manifest();
        Snapshot served = table.table().snapshots().current();
        LocalRows local = served.rows();
        return new TableState(
                path,
                manifest.rows(),
                table.committer().pendingRows(),
                manifest.version(),
                manifest.fragments().size(),
                manifest.bytes(),
                manifest.columns(),
                served.indices().stream()
                        .map(index -> index.of(manifest.rows()))
                        .toList(),
                served.isLocal() ? TableState.Reading.LOCAL : TableState.Reading.BUCKET,
                table.reader().searchState(),
                new TableState.MaintenanceState(
                        MergePolicy.smallFragments(manifest),
                        manifest.segments().isEmpty() ? 0 : Manifest.rows(manifest.unindexed()),
                        manifest.fragments().stream()
                                .mapToLong(Manifest.FragmentState::deletedRows)
                                .sum(),
                        table.maintenance().working(),
                        table.maintenance().failure()),
                stamp(table),
                local == null ? 0 : local.skipped(),
                problem(),
                warning(table));
    }

    private TableState stateOfNone() {
        return new TableState(
                path,
                0,
                0,
                0,
                0,
                0,
                Columns.describe(Columns.schema(model.dimension())),
                List.of(),
                TableState.Reading.LOCAL,
                TableState.SearchState.NONE,
                TableState.MaintenanceState.NONE,
                null,
                0,
                problem(),
                null);
    }

    // ---- the table as a whole

    /** To be run whenever a table was opened in the place of another one, so that pictures may be without their rows. */
    public void whenRowsMayBeMissing(Runnable task) {
        supervisor.whenRowsMayBeMissing(task);
    }

    /**
     * Reads the table anew from the store: which version is the newest, whether its files are there, and whose rows it has; nothing
     * that was known before is relied on. Waits for that.
     *
     * @throws DamagedTableException if the table's files cannot be read; says why, and the way back
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     * @throws TableUnavailableException if the table is just being opened anew
     */
    public void readAnew() {
        if (supervisor.table().isEmpty()) {
            supervisor.lookAgain();
        }
        Optional<OpenTable> table = supervisor.table();
        if (table.isEmpty()) {
            throw new DamagedTableException(String.valueOf(problem()));
        }
        try {
            try {
                table.get().readAnew();
            } catch (DamagedTableException e) {
                // It may be the local copy alone that cannot be read.
                supervisor.fetchAnew(String.valueOf(e.getMessage()));
                supervisor.table().orElseThrow(() -> e).readAnew();
            }
        } catch (DamagedTableException e) {
            throw new DamagedTableException(damage(path, String.valueOf(e.getMessage())), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while the table was read");
        } catch (TableLostException e) {
            throw new TableUnavailableException(e.getMessage() + "; try again in a minute");
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new DamagedTableException(damage(path, DamagedTableException.sentence(e)), e);
        }
    }

    /** What operators read of a table whose files cannot be read. */
    static String damage(String table, String cause) {
        return "the table " + table + " cannot be read: " + cause
                + ". The pictures have everything: scripts/verify --repair moves the table aside and derives all rows anew";
    }

    /**
     * Moves the table's files aside and makes an empty table in their place. Rows that wait to be committed go into the new one; all
     * others are to be derived from their pictures again, and until {@link #completed} the table says that some may be missing.
     *
     * @return where the files are now
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer; doing it again is right then
     */
    public String rebuild() {
        return supervisor.rebuild();
    }

    /** Every picture has its row: the table says no more that some may be missing. Nothing happens if it does not say so. */
    public void completed() {
        OpenTable table = supervisor.require();
        TableStamp stamp = TableStamp.of(table.manifest().metadata()).orElse(null);
        if (stamp == null || !stamp.incomplete()) {
            return;
        }
        try {
            table.committer()
                    .commitWork(() -> table.table().describe(stamp.complete().toMetadata()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new TableBusyException("the table is complete and does not say so: " + e);
        }
    }

    // ---- the index

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
        OpenTable table = supervisor.require();
        if (table.manifest().rows() == 0) {
            throw new EmptyTableException("an index needs at least one row, and the table has none");
        }
        synchronized (jobLock) {
            if (indexJob.state() == State.RUNNING) {
                throw new IndexBuildRunningException("a build has been running since " + indexJob.startedAt());
            }
            indexJob = IndexJob.running();
        }
        table.maintain(() -> buildIndex(table.maintenance(), kind));
    }

    // Nobody else hears of a failure on that thread, so all of them end in the job.
    @SuppressWarnings("CatchingUnchecked")
    private void buildIndex(MaintenanceLoop maintenance, IndexKind kind) {
        IndexJob job = indexJob;
        long start = System.nanoTime();
        try {
            CompletableFuture<String> unused = maintenance.buildIndex(kind).whenComplete((tuning, e) -> {
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

    // ---- what is wrong

    private void requireSameModel(OpenTable table) {
        ModelStamp stamp = stamp(table);
        if (stamp != null && !stamp.fingerprint().equals(model.fingerprint())) {
            throw new ModelMismatchException(otherModel(stamp));
        }
    }

    private static @Nullable ModelStamp stamp(OpenTable table) {
        return ModelStamp.of(table.manifest().metadata()).orElse(null);
    }

    private String otherModel(ModelStamp stamp) {
        return "the table " + path + " was made with the model " + stamp.name() + " (" + stamp.fingerprint()
                + ") and this server has " + model.name() + " (" + model.fingerprint()
                + "): start it with the table's model, or with another bucket or folder";
    }

    /** Why no row can be added; null if one can. */
    private @Nullable String problem() {
        String trouble = supervisor.trouble();
        Optional<OpenTable> table = supervisor.table();
        if (trouble != null || table.isEmpty()) {
            return trouble != null ? trouble : "the table " + path + " is closed";
        }
        Manifest manifest = table.get().manifest();
        ModelStamp stamp = stamp(table.get());
        if (stamp == null) {
            return "the table " + path + " lacks the metadata " + ModelStamp.KEYS
                    + ": it was not made by Glimpse, so it is "
                    + (manifest.unsearchable() == null
                            ? "searched and not written"
                            : "not written; nor can it be searched, as " + manifest.unsearchable());
        }
        if (!stamp.fingerprint().equals(model.fingerprint())) {
            return otherModel(stamp);
        }
        if (manifest.unwritable() != null) {
            return "no picture can be added to the table " + path + ": " + manifest.unwritable()
                    + ". Undo that change with the client that made it, or restore an older version of the table";
        }
        String failure = table.get().committer().failure();
        return failure == null ? null : "rows wait and cannot be committed to the table " + path + ": " + failure;
    }

    /** What is not as it should be, though rows can be added; null if there is nothing. */
    private @Nullable String warning(OpenTable table) {
        if (TableStamp.of(table.manifest().metadata())
                .map(TableStamp::incomplete)
                .orElse(false)) {
            return "the table " + path
                    + " was made when there were pictures already, and those without a row are not found:"
                    + " scripts/verify --repair adds their rows";
        }
        return table.refreshLoop().failure();
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

    /** Commits what waits, and closes the table. Twice is fine. */
    @Override
    public void close() {
        supervisor.close();
        transfers.shutdown();
    }
}
