package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.words.PendingWords;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.OpenFiles;
import dev.glimpse.vectors.VectorIndex;
import java.io.IOException;
import java.io.SyncFailedException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * Keeps the rows of the version that is read ready for searches, in files on the local disk. Of most of them the system keeps in memory what
 * is used. On the heap a row has some bits only. A {@link Checkpoint} lets a later process go on with the files. For one thread.
 */
final class ServedRows implements AutoCloseable {
    /**
     * Bytes of the heap for each row: about a dozen sets have a bit for it, for this version, the one before and the next; and three for each
     * filter that is remembered: one of the rows, and two of those that have a vector, of which one is by partitions.
     */
    private static final long HEAP_BYTES_PER_ROW = 8;

    /** One of so many parts of the heap is for rows. */
    private static final int SHARES_OF_HEAP = 3;

    /** Folders of rows of this process that are open. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private static final Logger log = LoggerFactory.getLogger(ServedRows.class);

    private final Path folder;
    private final Checkpoint.Owner owner;
    private final VectorColumn column;
    private final CheckpointPace pace;
    private final RowsOnDisk disk;
    private final RowFiles files;
    private final PendingWords pendingWords;
    private final VersionMark mark;

    private final LoadedRows loaded;

    /** About what the names of tags take of the heap. */
    private volatile long tagBytes;

    /** Rows that were read from the table by this process. */
    private long rowsRead;

    /** Whether the rows of an earlier process were taken over, and none of them was served yet. */
    private boolean isTakenOver;

    /** Whether the log says that the heap has no room for the rows. */
    private boolean isLackTold;

    /**
     * Begins with no rows.
     *
     * @param folder on a local disk, for 4 bytes for each number of each vector, and 0.9 kB for each row. It is emptied here
     * @param disk that the folder is on; no rows are written yet
     */
    ServedRows(Path folder, Checkpoint.Owner owner, CheckpointPace pace, RowsOnDisk disk) throws IOException {
        this.folder = folder;
        this.owner = owner;
        this.column = owner.column();
        this.pace = pace;
        this.disk = disk;
        this.loaded = new LoadedRows();
        OpenFiles opened = new OpenFiles();
        opened.add(() -> claim(folder));
        opened.also(() -> FileSystemUtils.deleteRecursively(folder));
        this.files = opened.add(() -> new RowFiles(folder, column.model().dimension()));
        this.pendingWords = opened.add(() -> new PendingWords(folder));
        this.mark = opened.add(() -> new VersionMark(folder));
    }

    private ServedRows(Path folder, Checkpoint.Owner owner, CheckpointPace pace, RowsOnDisk disk, KeptInput from)
            throws IOException {
        this.folder = folder;
        this.owner = owner;
        this.column = owner.column();
        this.pace = pace;
        this.disk = disk;
        this.loaded = new LoadedRows(from);
        disk.writing(from.readBits());
        if (LoadedRows.isWorn(loaded.written, loaded.live.cardinality())) {
            throw new IOException("most of what they take is of rows that are gone");
        }
        OpenFiles opened = new OpenFiles();
        opened.add(() -> claim(folder));
        this.files = opened.add(() -> new RowFiles(folder, column.model().dimension(), from));
        opened.also(() -> RowFolders.removeAllBut(folder, from.named()));
        this.pendingWords = opened.add(() -> new PendingWords(folder));
        this.mark = opened.add(() -> new VersionMark(folder));
        loaded.torn = opened.also(this::tornRows);
        tagBytes = files.columns.heapBytes();
        isTakenOver = true;
        pace.written(loaded.version);
    }

    /** First, so that nobody else of this process removes what comes into the folder. */
    private static AutoCloseable claim(Path folder) {
        OPEN.add(folder);
        return () -> OPEN.remove(folder);
    }

    /**
     * Goes on with the rows that an earlier process has left in this folder. The next {@link #of} reads what has changed since.
     *
     * @param disk that the folder is on; no rows are written yet as far as it knows
     * @throws IOException if they are of another owner, or something is damaged or missing, or new files are better. Then the files are still
     *     there
     */
    static ServedRows takeOver(Path folder, Checkpoint.Owner owner, CheckpointPace pace, RowsOnDisk disk)
            throws IOException {
        try (KeptInput from = Checkpoint.open(folder, owner)) {
            return new ServedRows(folder, owner, pace, disk, from);
        }
    }

    private BitSet tornRows() throws IOException {
        return VersionMark.read(folder).version() > loaded.version ? files.tornRows() : new BitSet();
    }

    private void writeTo(KeptOutput out) throws IOException {
        loaded.writeTo(out);
        out.writeBits(disk.written());
        mark.force();
        files.keep(out);
    }

    /** Whether rows of this process have this folder. */
    static boolean isOpen(Path folder) {
        return OPEN.contains(folder);
    }

    Path folder() {
        return folder;
    }

    /** Rows that were read from the table by this process. */
    long rowsRead() {
        return rowsRead;
    }

    /** Writes a {@link Checkpoint} if that is due, see {@link CheckpointPace}. Takes as long as the disk takes for what is not on it yet. */
    void keepIfDue() {
        if (pace.isDue(loaded.version, loaded.live.cardinality(), files.vectors.hasNewPartitions())) {
            keep();
        }
    }

    /**
     * Writes a {@link Checkpoint} unless there is one of these rows, or some of them are to be read again first. A failure is logged: an earlier
     * checkpoint does too. After one of the words no row can be put any more, see {@link #isBroken}.
     */
    void keep() {
        if (isBroken() || !loaded.torn.isEmpty() || !pace.isBehind(loaded.version, files.vectors.hasNewPartitions())) {
            return;
        }
        try {
            Checkpoint.write(folder, owner, this::writeTo);
            files.vectors.setKept();
            pace.written(loaded.version);
        } catch (IOException | RuntimeException | InternalError e) {
            // The error is that of a mapped file that the disk has no room for.
            log.warn("a restart would read rows again, as they cannot be kept: {}", e.toString());
            pace.failed();
            if (e instanceof SyncFailedException) {
                pace.end();
            }
        }
    }

    Checkpoint.Owner owner() {
        return owner;
    }

    /** Bytes of mapped files without the columns, and of the first codes on the heap. They have room for rows that are gone, too. */
    long codeBytes() {
        return files.codeBytes();
    }

    /** About how many bytes the columns take: mapped files, and the names of tags on the heap. */
    long columnBytes() {
        return files.columns.mappedBytes() + tagBytes;
    }

    /** About how many bytes of the heap the words take; most of them are in files. */
    long wordBytes() {
        return files.words.heapBytes() + pendingWords.heapBytes();
    }

    /** Bytes of the files of words. */
    long wordFileBytes() {
        return files.words.diskBytes() + pendingWords.diskBytes();
    }

    /** Whether no version was served from this yet by this process, so that the next {@link #of} may take long. */
    boolean isNew() {
        return loaded.version == 0 || isTakenOver;
    }

    /** Whether these are rows of an earlier process, and {@link #of} has not shown yet that they can be used. */
    boolean isTakenOver() {
        return isTakenOver;
    }

    /** Whether files have rows that cannot be searched, because the disk has no space for the others. */
    boolean isStuck() {
        return isNew() && disk.isStuck();
    }

    /** Whether no further row can be kept here, because a write has failed, as of a full disk. */
    boolean isBroken() {
        return files.words.isBroken() || pendingWords.isBroken();
    }

    /**
     * The rows of this version, to be searched. Null if Lance has to search the version.
     *
     * @param digest of the manifest
     * @param ended whether it is to be given up; any thread may say so
     * @throws TableBusyException if it was given up. The next call goes on
     */
    @Nullable LocalRows of(Dataset dataset, Manifest manifest, String digest, BooleanSupplier ended) throws IOException {
        long before = rowsRead;
        long room = heapForRows(Runtime.getRuntime().maxMemory());
        if (!manifest.stableRowIds()
                || !manifest.hasOurVectors()
                || lackHeap(manifest.rows(), heapBytes(manifest.rows(), manifest.rows()), room)) {
            return null;
        }
        VersionRows version = new VersionRows(dataset, manifest);
        loaded.read(version.columns());
        // A set up to a higher number would not fit into the heap.
        long most = Math.min(VectorIndex.MAX_ROWS, room / HEAP_BYTES_PER_ROW);
        BitSet live = version.numbers(most);
        long heap = heapBytes(live.length(), live.cardinality());
        if (lackHeap(live.cardinality(), heap, room) || live.length() > most || disk.lacks(live)) {
            return null;
        }
        mark.set(new VersionMark.Marked(manifest.version(), digest));
        BiConsumer<VectorSchemaRoot, BitSet> put = (batch, wanted) -> put(batch, wanted, ended);
        for (Manifest.FragmentState fragment : manifest.fragments()) {
            if (lackHeap(live.cardinality(), heap + files.columns.heapBytes(), room)) {
                return null;
            }
            if (loaded.isChanged(fragment)) {
                boolean filled = loaded.hasNewFiles(fragment);
                version.read(fragment, (row, updated) -> isWanted(row, updated, filled), put);
            }
            loaded.read(fragment);
        }
        BitSet unread = loaded.unread(live);
        if (!unread.isEmpty()) {
            for (Manifest.FragmentState fragment : manifest.fragments()) {
                version.read(fragment, (row, updated) -> unread.get(row), put);
            }
        }
        tagBytes = files.columns.heapBytes();
        BitSet searched = (BitSet) live.clone();
        searched.andNot(loaded.unusable);
        RowKeys.View positions = files.keys.view(live);
        // Searches of the version before still find what that one had.
        BitSet worded = (BitSet) live.clone();
        worded.or(loaded.live);
        files.words.retain(worded);
        files.words.refresh();
        LocalRows rows = new LocalRows(
                column.model().fingerprint(),
                files.vectors.view(searched),
                positions,
                files.columns.view(live, positions),
                files.looks.view(live),
                files.shown,
                files.words,
                pendingWords,
                live.cardinality() - searched.cardinality());
        // Last, because what has failed before, as on a full disk, was not read.
        loaded.read(manifest, live);
        pace.put(rowsRead - before);
        logTakenOver(live.cardinality());
        return rows;
    }

    private boolean lackHeap(long rows, long heap, long room) {
        boolean lack = heap > room;
        if (lack && !isLackTold) {
            isLackTold = true;
            log.warn(
                    "rows are searched by Lance, because what is kept of them does not fit into a third of the heap: rows={} bytes={} room={}."
                            + " A larger heap helps (JAVA_OPTS=-Xmx)",
                    rows,
                    heap,
                    room);
        }
        return lack;
    }

    private void logTakenOver(int rows) {
        if (isTakenOver) {
            log.info("the rows of an earlier run were taken over: rows={} read={}", rows, rowsRead);
            isTakenOver = false;
        }
    }

    /** Bytes of so large a heap that rows may take; what is made of all rows when somebody asks for it may take as much again. */
    static long heapForRows(long heap) {
        return heap / SHARES_OF_HEAP;
    }

    private long heapBytes(long numbers, long rows) {
        return heapBytes(numbers, rows, column.model().dimension());
    }

    /**
     * About how many bytes of the heap it takes to search so many rows, but for the names of tags.
     *
     * @param numbers up to the highest row
     */
    static long heapBytes(long numbers, long rows, int dimension) {
        return numbers * HEAP_BYTES_PER_ROW + VectorIndex.heapBytesOfPartitions(rows, dimension);
    }

    /**
     * Whether a row is new, or is not as it was: others have written it again, or have restored what it was before; or it has a vector by now. After a
     * merge there are few.
     *
     * @param updated version that has written it
     * @param filled whether there may be vectors of rows that had none, though no version has written them
     */
    private boolean isWanted(int row, long updated, boolean filled) {
        // If the machine has failed, the kept version may be newer than what else is kept of the row.
        return updated > loaded.version
                || !loaded.live.get(row)
                || updated != files.shown.version(row)
                || (filled && loaded.unusable.get(row));
    }

    private void put(VectorSchemaRoot batch, BitSet wanted, BooleanSupplier ended) {
        if (ended.getAsBoolean()) {
            throw new TableBusyException("the table is closed");
        }
        long[] ids = Columns.rowIds(batch).toArray();
        long[] updates = Columns.updates(batch).toArray();
        List<Picture> rows = Columns.pictures(batch);
        for (int i = 0; i < ids.length; i++) {
            int id = (int) ids[i];
            if (wanted.get(id)) {
                disk.writing(id);
                float[] vector = Columns.direction(batch, column.name(), i);
                loaded.unusable.set(id, vector == null);
                files.put(id, updates[i], rows.get(i), vector, Columns.fingerprint(batch, i));
                loaded.put(id);
                rowsRead++;
            }
        }
    }

    /** Closes the files. Those that a checkpoint names stay for a later process; without one none stays. */
    @Override
    public void close() {
        if (Checkpoint.isIn(folder)) {
            closeFiles();
        } else {
            discard();
        }
    }

    /** Closes the files and removes them. */
    void discard() {
        // It makes files.
        files.vectors.endBuilding();
        try {
            try {
                RowFolders.removeNames(folder);
            } finally {
                closeFiles();
            }
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }

    private void closeFiles() {
        // Also if one of them fails, as on a full disk.
        try (mark;
                pendingWords) {
            files.close();
        } finally {
            OPEN.remove(folder);
        }
    }
}
