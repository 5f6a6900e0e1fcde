package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.vectors.ClosedMappings;
import dev.glimpse.vectors.DiskSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one version of the table open for searches: the newest or, while its files are on their way, one before. Any number of threads
 * may read; only one at a time may call {@link #refresh} and {@link #refreshFromBucket}.
 */
public final class SnapshotManager implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SnapshotManager.class);

    private final Replica replica;
    private final Datasets datasets;
    private final KnownModels known;
    private final RowFolders folders;
    private volatile ServedRows rows;

    /** How often rows that were read for the first time have filled the disk. Of the thread that refreshes. */
    private int stuck;

    /** Rows of a column that is not searched any more, as long as somebody may read them. Of the thread that refreshes. */
    private final List<ServedRows> retired = new ArrayList<>();

    private volatile Snapshot current;

    /** Snapshots that were replaced, some of which may still be read. */
    private final Set<Snapshot> replaced = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /** Whether no refresh has ended yet, or one reads most of the rows. */
    private volatile boolean rowsAwaited = true;

    /** Whether no more rows are to be read. */
    private volatile boolean ended;

    /** Whether the files of rows go when this is closed. */
    private volatile boolean forgotten;

    /**
     * Opens the newest version: on the local disk if its files are here, else in the bucket.
     *
     * @param folder for files that another process goes on with, or makes anew if they are not there
     * @param known the models that this server has
     */
    SnapshotManager(Replica replica, Datasets datasets, Path folder, KnownModels known) throws IOException {
        this(replica, datasets, folder, known, () -> DiskSpace.of(folder));
    }

    /** @param space of the disk that the folder is on */
    SnapshotManager(Replica replica, Datasets datasets, Path folder, KnownModels known, Supplier<DiskSpace> space)
            throws IOException {
        this.replica = replica;
        this.datasets = datasets;
        this.known = known;
        this.folders = new RowFolders(folder, replica, space, System::nanoTime);
        Snapshot first = replica.files().isCopied() && replica.files().isComplete()
                ? openLocal(replica.version())
                : openRemote(replica.version());
        try {
            folders.removeFiles();
            this.rows = folders.open(first.manifest(), stuck);
            this.current = first;
        } catch (IOException | RuntimeException | Error e) {
            first.release();
            throw e;
        }
    }

    public interface Reading<T> {
        T from(Snapshot snapshot) throws IOException;
    }

    /**
     * Reads the current version, which stays open until the reading ends.
     *
     * @throws TableBusyException if this is closed
     */
    public <T> T read(Reading<T> reading) throws IOException {
        Snapshot snapshot = current;
        while (!snapshot.acquire()) {
            if (closed) {
                throw new TableBusyException("the table is closed");
            }
            snapshot = current;
        }
        try {
            return reading.from(snapshot);
        } finally {
            snapshot.release();
        }
    }

    /** Reads the current version, which must be on the local disk, with a large cache for its index. The cache is freed at the end. */
    <T> T readIndex(Reading<T> reading) throws IOException {
        // The files of the current version stay as long as it is read.
        return read(snapshot -> datasets.indexInFolder(
                replica.folder(), snapshot.version(), dataset -> reading.from(new Snapshot(dataset, true, known))));
    }

    /** The current version, for what is kept in memory of it; its dataset may be closed at any time. */
    public Snapshot current() {
        return current;
    }

    /** Opens any version that is in the store, whether or not its files are here. The caller releases it. */
    public Snapshot open(long version) {
        return datasets.haveBucket() ? new Snapshot(datasets.inBucket(version), false, known) : openLocal(version);
    }

    /**
     * Makes the newest version the current one. Fetches its files first or, if the table is not copied, opens it in the bucket. Takes as
     * long as the transfer of the files.
     */
    public void refresh() throws IOException {
        try {
            refreshRows();
        } finally {
            rowsAwaited = false;
        }
    }

    private void refreshRows() throws IOException {
        if (replica.files().isCopied()) {
            long version = replica.files().fill();
            if (!current.isLocal() || current.version() != version || servesAnother(current)) {
                Snapshot next = openLocal(version);
                ServedRows before = rows;
                ServedRows after = before;
                try {
                    VectorColumn column = next.manifest().served();
                    if (!before.owner().column().equals(column)) {
                        after = folders.open(next.manifest(), stuck);
                    }
                    // The first time this takes long, and Lance can search the version meanwhile. When another column
                    // comes to be searched, the one before is searched meanwhile.
                    if (!before.isNew() && !after.isBroken()) {
                        if (after != before || hasMostlyNewRows(next)) {
                            rowsAwaited = true;
                        }
                        next = next.with(rows(after, next));
                    }
                } catch (IOException | RuntimeException | Error e) {
                    next.release();
                    if (after != before) {
                        giveUp(after, e);
                    }
                    throw e;
                }
                rows = after;
                if (forgotten) {
                    RowFolders.forget(after);
                }
                swap(next);
                if (after != before) {
                    retire(before);
                }
            }
            closeRetired();
            Snapshot snapshot = current;
            if (snapshot.rows() == null) {
                rowsAwaited = true;
                current = snapshot.with(load(snapshot));
            }
            datasets.forgetBucket();
        } else if (current.isLocal() || current.version() != replica.version() || servesAnother(current)) {
            swap(openRemote(replica.version()));
        }
    }

    /** Whether no {@link #refresh} has ended yet, or one reads most of the rows: that takes long, and memory that other work has to leave to it. */
    public boolean areRowsAwaited() {
        return rowsAwaited;
    }

    /** As after a large commit of other software. */
    private boolean hasMostlyNewRows(Snapshot next) {
        LocalRows now = current.rows();
        return now == null || next.manifest().rows() > 2L * now.size();
    }

    private @Nullable LocalRows rows(ServedRows served, Snapshot of) throws IOException {
        return served.of(
                of.dataset(), of.manifest(), replica.digestOf(of.version()).orElse(""), () -> ended);
    }

    /** Rows of an earlier process stay for the next try if the failure is none of their files, and the disk has space. */
    private static void giveUp(ServedRows rows, Throwable failure) {
        if (rows.isTakenOver()
                && !rows.isStuck()
                && (failure instanceof IOException
                        || failure instanceof TableBusyException
                        || failure instanceof StoreUnavailableException)) {
            rows.close();
        } else {
            rows.discard();
        }
    }

    private @Nullable LocalRows load(Snapshot snapshot) throws IOException {
        if (rows.isBroken()) {
            startAnew(stuck + 1);
        }
        try {
            if (rows.isTakenOver()) {
                LocalRows found = ofTakenOver(snapshot);
                if (found != null) {
                    return found;
                }
                startAnew(stuck);
            }
            LocalRows loaded = rows(rows, snapshot);
            stuck = loaded == null ? stuck : 0;
            return loaded;
        } finally {
            if (!ended && rows.isStuck()) {
                startAnew(stuck + 1);
            }
        }
    }

    /** The rows of an earlier process. Null if they cannot be searched, now or at all. */
    private @Nullable LocalRows ofTakenOver(Snapshot snapshot) throws IOException {
        try {
            LocalRows found = rows(rows, snapshot);
            if (found == null) {
                log.info(
                        "rows of an earlier run are removed, as all rows do not fit any more, or Lance has to search the table");
            }
            return found;
        } catch (TableBusyException | StoreUnavailableException e) {
            throw e;
        } catch (RuntimeException | InternalError e) {
            // The error is that of a mapped file that cannot be read.
            log.warn("all rows are read anew, as those of an earlier run cannot be used: {}", e.toString());
            return null;
        }
    }

    /**
     * Gives back the disk space of rows that nobody can search, as others need it: Lance searches all rows.
     *
     * @param times how often rows have filled the disk
     */
    private void startAnew(int times) throws IOException {
        // First, so that there are always rows that can be asked.
        ServedRows anew = folders.empty(rows.owner(), times);
        stuck = times;
        retire(rows);
        rows = anew;
        closeRetired();
        ClosedMappings.ALL.collect();
    }

    /**
     * Takes down what a later process needs to go on with the rows, if that is due. Takes as long as the disk takes for what is not on it yet.
     * The thread that refreshes calls this now and then.
     */
    public void keepRowsIfDue() {
        if (!forgotten) {
            rows.keepIfDue();
        }
        if (forgotten) {
            RowFolders.forget(rows);
        }
    }

    /** Takes it down at once, unless nothing has changed. */
    void keepRows() {
        rows.keep();
    }

    /**
     * Makes {@link #close} remove the files of rows: the table is not wanted here any more. Also if it cannot be closed, no later process goes on with
     * them.
     */
    public void forgetRows() {
        forgotten = true;
        RowFolders.forget(rows);
    }

    /** Makes each {@link #refresh} that reads rows end soon with a {@link TableBusyException}, as the table is about to be closed. */
    public void end() {
        ended = true;
    }

    /** Rows that were read from the table by this process. */
    long rowsRead() {
        return rows.rowsRead();
    }

    /** Reads the newest version in the bucket until the next {@link #refresh}, because the files here cannot be read. */
    public void refreshFromBucket() {
        if (current.isLocal() && datasets.haveBucket()) {
            swap(openRemote(replica.version()));
        }
    }

    /** Whether the models that this server has by now ask for another column. */
    private boolean servesAnother(Snapshot snapshot) {
        return !snapshot.manifest()
                .models()
                .flatMap(models -> models.servedBy(known::knows))
                .orElse(snapshot.manifest().served())
                .equals(snapshot.manifest().served());
    }

    private void retire(ServedRows before) {
        RowFolders.forget(before);
        retired.add(before);
    }

    /** Nobody reads what is retired once all snapshots are closed that were replaced. */
    private void closeRetired() {
        replaced.removeIf(Snapshot::isClosed);
        if (replaced.isEmpty()) {
            retired.forEach(SnapshotManager::giveBack);
            retired.clear();
        }
    }

    /** Nobody needs these rows, so a failure is no failure of what is done meanwhile. */
    private static void giveBack(ServedRows rows) {
        try {
            rows.discard();
        } catch (RuntimeException | InternalError e) {
            log.warn("files of rows that nobody reads any more cannot be removed: {}", e.getMessage());
        }
    }

    private void swap(Snapshot next) {
        Snapshot before = current;
        replaced.add(before);
        current = next;
        before.release();
    }

    private Snapshot openLocal(long version) {
        return new Snapshot(datasets.inFolder(replica.folder(), version), true, known);
    }

    private Snapshot openRemote(long version) {
        return new Snapshot(datasets.searchedInBucket(version), false, known);
    }

    /** All versions that are read here now. */
    Set<Long> versions() {
        replaced.removeIf(Snapshot::isClosed);
        Set<Long> versions = new HashSet<>(Set.of(current.version()));
        replaced.forEach(snapshot -> versions.add(snapshot.version()));
        return versions;
    }

    /** Bytes of mapped files with the codes of vectors, and what else is kept for each row, but for the columns. */
    long codeBytes() {
        return rows.codeBytes();
    }

    /** What the columns of filters take, nearly all of it in mapped files, in bytes. */
    long columnBytes() {
        return rows.columnBytes();
    }

    /** Heap that words take, in bytes. */
    long wordBytes() {
        return rows.wordBytes();
    }

    /** What the files of words take, in bytes. */
    long wordFileBytes() {
        return rows.wordFileBytes();
    }

    /** Closes all snapshots, and keeps the rows for a later process. Call this once, after the last read. */
    @Override
    public void close() {
        closed = true;
        current.release();
        try {
            if (forgotten) {
                rows.discard();
            } else {
                rows.keep();
                rows.close();
            }
        } finally {
            retired.forEach(SnapshotManager::giveBack);
        }
    }
}
