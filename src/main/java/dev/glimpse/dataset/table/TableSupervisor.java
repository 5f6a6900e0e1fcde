package dev.glimpse.dataset.table;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.table.OpenTable.Place;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.storage.UntrustedBucketException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.FileSystemUtils;

/**
 * Keeps the store's table open. When the store turns out to have another table, or none, the open one is given up and the store's own
 * is opened, or made; rows that were taken and not committed are carried over if their pictures are in the store. A table that cannot
 * be read is looked at again now and then. Safe for use by several threads.
 */
public final class TableSupervisor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TableSupervisor.class);

    private final Place place;

    /** One thread, on which tables are opened and given up once the server has started. */
    private final ThreadPoolTaskScheduler thread = OpenTable.thread("table-supervisor", StoreUse.OTHER);

    private volatile @Nullable OpenTable open;
    private volatile @Nullable String trouble;
    private volatile boolean closed;
    private volatile Runnable rowsMayBeMissing = () -> {};
    private volatile Runnable rowsMayBeClosed = () -> {};

    // Of the thread alone, once the server has started.
    private int generation;
    private final List<Pending> carried = new ArrayList<>();
    private boolean missingRows;

    /** Whether the next look at a table that could not be opened has its time already. */
    private boolean opensLater;

    /** Whether the local copy was fetched by this process, after one could not be read. */
    private boolean copyIsFresh;

    private @Nullable String idBefore;

    public TableSupervisor(Place place) {
        this.place = place;
    }

    /**
     * Opens the table for the first time. A table that is damaged does not stop the start: see {@link #trouble}.
     *
     * @throws StoreUnavailableException if the store does not answer, and there is no copy of the table here
     * @throws UntrustedBucketException if there is no table yet, and the store does not refuse a second put of a key
     */
    public void start() throws IOException {
        try {
            openOrFetchAnew();
        } catch (RuntimeException e) {
            if (!isDamage(e)) {
                thread.shutdown();
                throw e;
            }
            damaged(e);
        } catch (IOException e) {
            thread.shutdown();
            throw e;
        }
    }

    /** The table; empty while it cannot be used, see {@link #trouble}. */
    public Optional<OpenTable> table() {
        return Optional.ofNullable(open);
    }

    /** The open table. Throws {@link TableUnavailableException} with the {@link #trouble} if it is not open. */
    public OpenTable require() {
        OpenTable table = open;
        if (table == null) {
            throw new TableUnavailableException(Objects.requireNonNullElse(trouble, "the table is closed"));
        }
        return table;
    }

    /** Why nothing may be written, in a sentence with the way back; null if nothing is wrong with the table as such. */
    public @Nullable String trouble() {
        return trouble;
    }

    /** Runs the task whenever a table was opened that may lack rows of acknowledged pictures. */
    public void whenRowsMayBeMissing(Runnable task) {
        rowsMayBeMissing = task;
    }

    /** Runs the task whenever rows may have been closed that were searched, and nothing of them should be kept. The task must not block. */
    void whenRowsMayBeClosed(Runnable task) {
        rowsMayBeClosed = task;
    }

    private void open() throws IOException {
        List<Pending> waiting = withPictures();
        int mine = ++generation;
        OpenTable table = new OpenTable(place, waiting, () -> trouble == null, e -> run(() -> seeTo(mine, e)));
        table.refreshLoop().afterEach(() -> rowsMayBeClosed.run());
        carried.clear();
        open = table;
        trouble = null;
        boolean other = !Objects.equals(idBefore, idOf(table));
        if (mine > 1) {
            log.info(
                    "table={} rows={} version={} is open again",
                    place.address(),
                    table.manifest().rows(),
                    table.manifest().version());
            if (missingRows || (idBefore != null && other)) {
                rowsMayBeMissing.run();
            }
        }
        missingRows = false;
        idBefore = idOf(table);
    }

    /** What cannot be read may be the local copy alone. */
    private void openOrFetchAnew() throws IOException {
        try {
            open();
        } catch (RuntimeException e) {
            if (copyIsFresh || !isDamage(e)) {
                throw e;
            }
            throwCopyAway(DamagedTableException.sentence(e));
            open();
        }
    }

    private void throwCopyAway(String reason) throws IOException {
        Path copy = place.work().resolve(OpenTable.REPLICA);
        if (Files.exists(copy)) {
            log.warn("the local copy of the table is thrown away and fetched anew: {}", reason);
            FileSystemUtils.deleteRecursively(copy);
        }
        copyIsFresh = true;
    }

    private static @Nullable String idOf(OpenTable table) {
        return TableStamp.of(table.manifest().metadata()).map(TableStamp::id).orElse(null);
    }

    /** The carried rows whose pictures are in this store. The others fail. */
    private List<Pending> withPictures() {
        ObjectStore store = place.store();
        List<CompletableFuture<Boolean>> looks = carried.stream()
                .map(row -> CompletableFuture.supplyAsync(
                        () -> store.head(keyOf(row.row())).isPresent(), place.transfers()))
                .toList();
        List<Pending> there = new ArrayList<>();
        for (int i = 0; i < looks.size(); i++) {
            Pending row = carried.get(i);
            ImageId id = row.row().id();
            if (await(looks.get(i))) {
                there.add(row);
            } else {
                log.warn("the row of {} is given up: its picture is not in the store any more", id);
                row.committed()
                        .completeExceptionally(new StoreUnavailableException("the picture " + id + " is gone", null));
            }
        }
        return there;
    }

    private static String keyOf(PictureRow row) {
        return SourceRows.keyIn(row.id().toString(), row.path()).orElse(row.id().toString());
    }

    // ---- a table that is not the store's any more

    private void seeTo(int of, TableLostException e) {
        OpenTable table = open;
        if (closed || of != generation || table == null) {
            return;
        }
        switch (e.fate()) {
            case GONE -> {
                if (trouble == null) {
                    trouble = e.getMessage() + ". If it does not come back within "
                            + place.timing().gone().toSeconds()
                            + " s, this server makes a new one and derives its rows from the pictures";
                    log.warn("{}", trouble);
                    after(place.timing().gone(), () -> seeWhetherGone(of));
                }
            }
            case REPLACED -> {
                log.warn("{}; it is opened anew, and pictures without a row get one", e.getMessage());
                giveUp(table, e.getMessage() + ", and is being opened anew");
                missingRows = true;
                openAgain();
            }
            case MOVED_ON -> {
                log.info("{}, so it is opened anew", e.getMessage());
                giveUp(table, e.getMessage() + ", and is being opened anew");
                openAgain();
            }
        }
    }

    private void seeWhetherGone(int of) {
        OpenTable table = open;
        if (closed || of != generation || table == null) {
            return;
        }
        try {
            table.commitLoop().refresh().get();
            trouble = null;
            log.info("the table is back");
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TableLostException lost)) {
                after(place.timing().identity(), () -> seeWhetherGone(of));
            } else if (lost.fate() == TableLostException.Fate.GONE) {
                log.warn(
                        "a new table takes the place of {}, and its rows are derived from the pictures",
                        place.address());
                giveUp(table, lost.getMessage() + ", and a new one is being made");
                missingRows = true;
                openAgain();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void giveUp(OpenTable table, String why) {
        trouble = why;
        carried.addAll(table.abandon());
        open = null;
        table.table().snapshots().forgetRows();
        table.close();
        rowsMayBeClosed.run();
    }

    /** Opens the table unless it is open; if that fails, again after a while. */
    private void openAgain() {
        if (closed || open != null) {
            return;
        }
        try {
            openOrFetchAnew();
        } catch (IOException | RuntimeException | InternalError e) {
            // The error is that of a mapped file that the disk has no room for, or that cannot be read.
            if (e instanceof RuntimeException failure && isDamage(failure)) {
                damaged(failure);
            } else {
                log.warn("the table cannot be opened: {}", e.toString());
                openLater();
            }
        }
    }

    // ---- a table that cannot be read

    private static boolean isDamage(RuntimeException e) {
        return !(e instanceof StoreUnavailableException
                || e instanceof UntrustedBucketException
                || e instanceof UncheckedIOException
                || e instanceof TableBusyException);
    }

    /** What operators read of a table whose files cannot be read. */
    static String damage(String table, String cause) {
        return "the table " + table + " cannot be read: " + cause
                + ". The pictures have everything: scripts/verify --repair moves the table aside and derives all rows anew";
    }

    private void damaged(RuntimeException e) {
        String said = damage(place.address(), DamagedTableException.sentence(e));
        if (!said.equals(trouble)) {
            log.error("{}", said);
            log.debug("the table is damaged", e);
        }
        trouble = said;
        openLater();
    }

    /** However often it is asked for, one look follows. */
    private void openLater() {
        if (!opensLater) {
            opensLater = true;
            after(place.timing().identity(), () -> {
                opensLater = false;
                openAgain();
            });
        }
    }

    /** Completes when the thread has seen to what was found until now. */
    public CompletableFuture<Void> settled() {
        return thread.submitCompletable(() -> {});
    }

    /**
     * Gives the table up, throws its local copy away and opens it again; waits for that. The table is not open afterwards if it is
     * damaged.
     */
    void fetchAnew(String reason) {
        await(thread.submitCompletable(() -> {
            OpenTable table = open;
            if (table != null) {
                giveUp(table, "the table is fetched anew: " + reason);
            }
            throwCopyAway(reason);
            openAgain();
            return "";
        }));
    }

    /** Looks at once whether a table that could not be opened can be by now, and waits for the outcome. */
    void lookAgain() {
        await(thread.submitCompletable(() -> {
            openAgain();
            return "";
        }));
    }

    /**
     * Moves all files of the table aside and makes a new, empty table in its place; waits for that.
     *
     * @return the prefix of the keys that the old files have now
     * @throws StoreUnavailableException if the store does not answer; doing it again is right then
     */
    public String rebuild() {
        return await(thread.submitCompletable(() -> {
            OpenTable table = open;
            if (table != null) {
                giveUp(table, "the table is being rebuilt");
            }
            // Should the store go away now, the table opens by itself when it is back.
            openLater();
            String aside = new TableMover(place.store(), place.transfers()).moveAside();
            log.warn(
                    "the files of {} have been moved to {}",
                    place.address(),
                    place.store().address(aside + "_"));
            open();
            return aside;
        }));
    }

    // ---- the thread

    private void run(Runnable task) {
        try {
            thread.execute(task);
        } catch (TaskRejectedException e) {
            log.debug("closing", e);
        }
    }

    private void after(Duration time, Runnable task) {
        Future<?> unused = StoreThreads.scheduleUnlessShutDown(thread, time, task);
    }

    private static <T> T await(CompletableFuture<T> done) {
        try {
            return done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Closes the table. Twice is fine. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        thread.shutdown();
        OpenTable table = open;
        if (table != null) {
            table.close();
        }
        carried.forEach(row -> row.committed()
                .completeExceptionally(new StoreUnavailableException("the server stopped before the commit", null)));
    }
}
