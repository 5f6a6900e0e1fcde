package dev.glimpse.dataset;

import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.table.DuplicateSearch;
import dev.glimpse.dataset.table.IndexJobs;
import dev.glimpse.dataset.table.OpenTable;
import dev.glimpse.dataset.table.RecentQueries;
import dev.glimpse.dataset.table.TableRepair;
import dev.glimpse.dataset.table.TableReport;
import dev.glimpse.dataset.table.TableSearch;
import dev.glimpse.dataset.table.TableSupervisor;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The table of pictures. One row per picture, whoever adds it and how often. Safe for use by several threads; between
 * processes the store's conditional put decides who commits. Native calls run on threads of its own, with a deadline.
 */
public final class ImageDataset implements AutoCloseable, MeterBinder {
    /** Key of the table in the store. */
    public static final String KEY = "vectors/images.lance/";

    private static final Logger log = LoggerFactory.getLogger(ImageDataset.class);

    /** The keys of pictures begin so. */
    public static final String PICTURES = "images/";

    /** Files of one commit that travel at the same time. */
    private static final int TRANSFERS = 16;

    private final Instant started = Instant.now();
    private final TableMeters meters = new TableMeters();
    private final ThreadPoolTaskExecutor transfers;
    private final TableSupervisor supervisor;
    private final TableSearch search;
    private final DuplicateSearch duplicates;
    private final TableReport report;
    private final TableRepair repair;
    private final ModelColumns modelColumns;
    private final SourceRows sourceRows;
    private final IndexJobs indexJobs = new IndexJobs();

    private ImageDataset(ObjectStore store, Path work, KnownModels known, TableSettings settings, TableTimings timing)
            throws IOException {
        RecentQueries recent = new RecentQueries();
        this.transfers = OpenTable.pool("table-transfer", TRANSFERS, Integer.MAX_VALUE);
        OpenTable.Place place =
                new OpenTable.Place(store, work, known, settings, timing, transfers, recent::of, meters);
        this.supervisor = new TableSupervisor(place);
        this.search = new TableSearch(supervisor, store, recent);
        this.duplicates = new DuplicateSearch(supervisor, search::located);
        this.report = new TableReport(supervisor, place.address(), known.configured());
        this.modelColumns = new ModelColumns(supervisor, known);
        this.sourceRows = new SourceRows(supervisor, search);
        this.repair = new TableRepair(supervisor, report, place.address());
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
            ImageDataset dataset = new ImageDataset(store, work, new KnownModels(model), settings, timing);
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

    /**
     * What this server knows of the row of a picture: {@link PictureState#ABSENT} as well if the table is not open. Reads memory alone.
     * It may be old, as other servers commit too: see {@link #refresh}.
     */
    public PictureState stateOf(ImageId id) {
        return supervisor.table().map(table -> table.ledger().stateOf(id)).orElse(PictureState.ABSENT);
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
        return supervisor.require().groupCommit().add(row);
    }

    /** Completes when the row of this picture is committed, at once with false if there is none. */
    public CompletableFuture<Boolean> committed(ImageId id) {
        return supervisor
                .table()
                .map(table -> table.groupCommit().committed(id))
                .orElse(CompletableFuture.completedFuture(false));
    }

    /** Commits what waits, and waits for that, but not for longer than this. */
    public void flush(Duration time) {
        supervisor.table().ifPresent(table -> table.groupCommit().flush(time));
    }

    /**
     * Hides the row of this picture from searches, whether it waits or is committed. The caller calls {@link #remove} next, or
     * {@link #show} if the row stays.
     */
    public void hide(ImageId id) {
        supervisor.table().ifPresent(table -> table.ledger().hide(id));
    }

    /** Takes {@link #hide} back. Nothing happens if the row is not hidden, or there is none. */
    public void show(ImageId id) {
        supervisor.table().ifPresent(table -> table.ledger().show(id));
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
        return onceMore(table -> table.commitLoop().remove(id));
    }

    /**
     * Makes the committed row of this picture say this, and keeps all else of it. The newest version counts, whoever committed it. One
     * commit takes the old row out and puts the new one in, so every version has the picture once. A row that waits to be committed is
     * left alone.
     *
     * @return completes when that is committed; searches of this server find the new row when that version is read: see {@link #settled}
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<RowChange> describe(ImageId id, RowNotes notes) {
        return describe(id, before -> notes);
    }

    /**
     * As {@link #describe(ImageId, RowNotes)}, with notes that are made of what the newest row says: of several changes at the same time
     * none is lost.
     *
     * @param change runs on the thread that commits, perhaps several times; what it throws completes the future, and nothing has changed
     * @return completes as {@link #describe(ImageId, RowNotes)} does
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<RowChange> describe(ImageId id, UnaryOperator<RowNotes> change) {
        requireWritable();
        return onceMore(table -> table.commitLoop().describe(id, change));
    }

    /**
     * Takes over what other servers have committed; completes when that is known here.
     *
     * @throws TableUnavailableException if the table is not open
     */
    public CompletableFuture<Void> refresh() {
        return onceMore(table -> table.commitLoop().refresh());
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
        supervisor.require().groupCommit().requireRoom();
    }

    /** Whether rows can be added; else throws what {@link #add} would. */
    public void requireWritable() {
        String trouble = supervisor.trouble();
        if (trouble != null) {
            throw new TableUnavailableException(trouble);
        }
        supervisor.require().guard().requireWritable();
    }

    /**
     * The rows that a query asks for, nearest first. The filter comes first: these are the nearest of the rows that pass it. With an index
     * the answer is approximate unless it is to be exact; rows that the index does not know yet are always looked at.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public Nearest nearest(NearestQuery query) {
        return search.nearest(query);
    }

    /** {@link #nearest(NearestQuery)} of a query that has nothing else. */
    public List<Neighbor> nearest(Embedding vector, int k, boolean exact) {
        return nearest(new NearestQuery(vector, k, exact)).neighbors();
    }

    /**
     * The rows whose captions, tags and file names have the words of a query, the best first. Rows that wait to be committed are among
     * them, and also rows without a vector.
     *
     * @throws WordsUnavailableException if the table is not in memory: it is being read, or does not fit
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public WordHits words(WordQuery query) {
        return search.words(query);
    }

    /**
     * The distance of the nearest row, or of a near one. Empty if there is no row. Does not count as something that was searched for, so
     * that searches are not calibrated with it.
     *
     * @param model fingerprint of the model that made the query; null for the one that is served
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public OptionalDouble nearestDistance(Embedding query, @Nullable String model) {
        return search.nearestDistance(query, model);
    }

    /**
     * Vectors of at most {@code count} rows, spread evenly over the table. None if this model's vectors are not in memory. Rows that wait to
     * be committed are not among them.
     *
     * @param model fingerprint of the model that made the vectors
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     */
    public List<Embedding> sample(int count, String model) {
        return search.sample(count, model);
    }

    /** The number of rows that searches find in memory alone; 0 if they have to read the table. */
    public long rowsInMemory() {
        return supervisor.table().map(OpenTable::rowsInMemory).orElse(0L);
    }

    /**
     * At most {@code k} pictures after this position, the newest first. Pictures whose rows wait to be committed are among them. A walk
     * from each last picture to the next ones meets each picture once that is there all the time, while others come and go. Other
     * software may have written a picture twice; then it is met twice if the times differ.
     *
     * @param after null for the newest of all
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     */
    public List<Picture> newest(@Nullable ListPosition after, int k) {
        return search.newest(after, k);
    }

    /**
     * Counts the rows that pass a filter by what they say. Rows that wait to be committed are among them, and also rows without a vector,
     * which no search finds.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     */
    public Facets facets(RowFilter filter) {
        return search.facets(filter);
    }

    /**
     * What the row of this picture says. Empty if searches find no such row: also if another server has just added it.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     */
    public Optional<Picture> find(ImageId id) {
        return search.find(id);
    }

    /**
     * The vector of this picture, as searches compare it. Empty if searches find no such row, or it has no vector of this model.
     *
     * @param model fingerprint of the model; null for the one that is served
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public Optional<Embedding> vectorOf(ImageId id, @Nullable String model) {
        return search.vectorOf(id, model);
    }

    /**
     * A picture, and at most {@code k} others that look the same, whose rows are committed or wait. Reads memory and a local file alone,
     * on the calling thread.
     */
    public Likenesses likenesses(ImageId id, int k) {
        return duplicates.likenesses(id, k);
    }

    /**
     * The first {@code k} groups of pictures that look the same, after this position. Rows that wait to be committed are in no group yet.
     * The groups may be those of an earlier version, which they name, where the table is so large that it takes long to make them.
     *
     * @param kind {@link Likeness.Kind#SAME} for groups with the same pixels, {@link Likeness.Kind#ALIKE} for groups in which not all have
     *     the same; null for these and those groups of the same pixels that nothing else is alike to
     * @param after position of a group, null for the first groups
     * @param shown whether a group of these pictures is wanted; not asked of groups that have more than {@link
     *     DuplicateGroups#MOST_PICTURES}
     * @param large whether those groups are wanted
     * @throws TableBusyException if the table is not in memory, or the groups are still being made
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     * @throws ModelMismatchException if the table was made with another model
     */
    public DuplicateGroups duplicates(
            Likeness.@Nullable Kind kind,
            @Nullable ListPosition after,
            int k,
            Predicate<List<Picture>> shown,
            boolean large) {
        return duplicates.groups(kind, after, k, shown, large);
    }

    // ---- the past

    /** The versions that are kept, the newest first. Asks the store. */
    public List<TableVersion> versions() {
        return supervisor.require().history().versions().descendingMap().entrySet().stream()
                .map(version -> new TableVersion(version.getKey(), version.getValue()))
                .toList();
    }

    /**
     * The rows of this version that a query asks for, nearest first. With an index the answer is approximate unless it is to be exact.
     *
     * @throws VersionNotFoundException if it is not there, or not any more
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public PastNeighbors nearestIn(long version, NearestQuery query) {
        return search.nearestIn(version, query);
    }

    /**
     * The rows as of this moment that a query asks for, nearest first: in the version that was the newest then or, if that version is not kept,
     * among the rows of today that had been uploaded by then.
     *
     * @throws TableBusyException if too many searches wait, or this one takes too long
     * @throws ModelMismatchException if the table was made with another model
     */
    public PastNeighbors nearestAt(Instant time, NearestQuery query) {
        return search.nearestAt(time, query);
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
        return supervisor
                .table()
                .map(table -> table.table().memory().withDuplicates(duplicates.bytes()))
                .orElse(MemoryState.NONE);
    }

    /** When a version of another server was seen last; null if none was since the start. */
    public @Nullable Instant othersAt() {
        return meters.othersAt();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
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
        search.forEachId(ids);
    }

    /**
     * Hands over what all committed rows say of their pictures, as the table has them.
     *
     * @throws TableBusyException if too many searches wait, or this takes more than ten minutes
     * @throws TableUnavailableException if the table is not open
     */
    public void forEachRow(BiConsumer<ImageId, RowNotes> rows) {
        search.forEachRow(rows);
    }

    /** What {@code /stats} shows. Reads memory alone. */
    public TableState state() {
        return report.state();
    }

    /** The models that the table has vectors of. */
    public ModelColumns models() {
        return modelColumns;
    }

    /** Rows of pictures that lie under names of their own. */
    public SourceRows sourceRows() {
        return sourceRows;
    }

    // ---- the table as a whole

    /** Runs the task whenever a table was opened in the place of another one, because pictures may be without rows then. */
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
        repair.readAnew();
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
        repair.completed();
    }

    // ---- the index

    /** The build that was asked for last. */
    public IndexJob indexJob() {
        return indexJobs.last();
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
        indexJobs.start(supervisor.require(), kind);
    }

    /** Commits what waits, and closes the table. Twice is fine. */
    @Override
    public void close() {
        duplicates.close();
        supervisor.close();
        transfers.shutdown();
    }
}
