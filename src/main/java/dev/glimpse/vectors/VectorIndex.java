package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds vectors and finds those that are nearest to a query. It keeps a binary code and a finer one for each row in files that are mapped into
 * memory, and the vectors themselves in another. From 200,000 rows on it groups the rows into partitions by itself, on a thread of its own, and again when
 * many have come; the partitions are in mapped files too. On the heap a row has some bits.
 *
 * <p>{@link #close} deletes the files unless they were kept. Another process can go on with files that were kept. Whatever was put after {@link
 * #keep}, and whenever the process ends: that one has the rows as they were then, but for those that were replaced since. It must replace
 * these again before a search.
 *
 * <p>A row is known by its row id. Row ids should count up from 0, and some may be missing. The memory and the disk space of a row
 * that is no longer live are not freed before {@link #close}.
 *
 * <p>One thread puts rows and makes views. Any number of threads may search the views at the same time, also while this is closed.
 */
public final class VectorIndex implements AutoCloseable {
    private static final Logger log = System.getLogger(VectorIndex.class.getName());

    /** Number of first rows whose mean is computed; the codes leave out its direction. With fewer rows every search is exact. */
    private static final int ROWS_OF_MEAN = 1024;

    /** The codes of rows are kept in chunks of this size: 4.7 MB of the file for 512 dimensions, and 13.1 MB of that of finer codes. */
    public static final int CHUNK_ROWS = 1 << 16;

    /** Row ids are smaller. */
    public static final int MAX_ROWS = 1 << 30;

    /** Among fewer rows it takes no longer to compare all codes. */
    private static final int PARTITIONED_ROWS = 200_000;

    /** Partitions are built anew when one row for so many in them is not where it belongs. */
    private static final int ROWS_FOR_EACH_STRAY = 8;

    /** How long {@link #close} waits for the thread that builds partitions, which looks for an interrupt every few milliseconds. */
    private static final long END_MILLIS = 10_000;

    private final int dimension;
    private final Path folder;
    private final FullPrecisionVectorFile file;

    /** The codes of rows by row id. */
    private final MappedFile codes;

    /** The finer codes of rows by row id. */
    private final MappedFile finerCodes;

    private final Searchers searchers;
    private final BitSet held = new BitSet();

    /** The vectors of the first rows, until there are enough for the mean. */
    private final Map<Integer, float[]> first = new HashMap<>();

    /** Guarded by the monitor of this. */
    private final KeptPartitions kept;

    /** From this number of rows on they are grouped into partitions. */
    private final int partitionedRows;

    /** After partitions could not be built. Guarded by the monitor of this. */
    private final RetryPause pause;

    /** The codes; null while there are too few rows. Written under the monitor of this. */
    private volatile @Nullable CodeStore store;

    /** Rows whose vectors were replaced since the partitions are being built; null when none are. Guarded by the monitor of this. */
    private @Nullable BitSet replaced;

    private volatile @Nullable Thread building;

    /** Guarded by the monitor of this. */
    private boolean closed;

    /**
     * Creates an empty index.
     *
     * @param folder on a local disk, for files with 4 bytes for each value of each row and, with 512 dimensions, 272 to 524 more
     * @param dimension of all vectors
     */
    public VectorIndex(Path folder, int dimension) {
        this(folder, dimension, PARTITIONED_ROWS, System::nanoTime);
    }

    /**
     * Goes on with the files that an index has kept.
     *
     * @param folder that they are in
     * @param dimension of all vectors, as it was
     * @param from what {@link #keep} wrote
     * @throws IOException if a file is missing or too short
     */
    public VectorIndex(Path folder, int dimension, KeptInput from) throws IOException {
        this(folder, dimension, PARTITIONED_ROWS, System::nanoTime, from);
    }

    /** @param clock in nanoseconds */
    VectorIndex(Path folder, int dimension, int partitionedRows, LongSupplier clock) {
        this.dimension = dimension;
        this.partitionedRows = partitionedRows;
        this.pause = new RetryPause(clock);
        this.folder = folder;
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new FullPrecisionVectorFile(folder, dimension));
        codes = files.add(() -> new MappedFile(folder, "codes", CHUNK_ROWS * Rows.bytesPerRow(dimension)));
        finerCodes =
                files.add(() -> new MappedFile(folder, "finer-codes", CHUNK_ROWS * FinerCodes.bytesPerRow(dimension)));
        searchers = new Searchers(file);
        kept = new KeptPartitions(null);
    }

    /** @param clock in nanoseconds */
    VectorIndex(Path folder, int dimension, int partitionedRows, LongSupplier clock, KeptInput from)
            throws IOException {
        this.dimension = dimension;
        this.partitionedRows = partitionedRows;
        this.pause = new RetryPause(clock);
        this.folder = folder;
        held.or(from.readBits());
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new FullPrecisionVectorFile(dimension, held.length(), from));
        codes = files.add(() -> new MappedFile(CHUNK_ROWS * Rows.bytesPerRow(dimension), from));
        finerCodes = files.add(() -> new MappedFile(CHUNK_ROWS * FinerCodes.bytesPerRow(dimension), from));
        searchers = files.add(() -> new Searchers(file));
        if (from.readBoolean()) {
            store = files.also(() -> CodeStore.open(codes, finerCodes, from));
        } else {
            files.also(() -> searchers.search(this::readFirst));
        }
        kept = new KeptPartitions(partitions(store));
    }

    /** Without codes there are few rows. */
    private Searchers.Searcher readFirst(Searchers.Searcher searcher) {
        for (int row = held.nextSetBit(0); row >= 0; row = held.nextSetBit(row + 1)) {
            searcher.reader.load(row, 1);
            first.put(row, searcher.reader.row(row).toArray());
        }
        return searcher;
    }

    /**
     * Brings the files to the disk, and says how another process can go on with them. They stay from now on. The writing thread calls it, and
     * then, if what was written is where that process will look for it, {@link #setKept}.
     *
     * @throws IOException if the disk is full or fails; then this can be used further
     */
    public synchronized void keep(KeptOutput to) throws IOException {
        searchers.requireOpen();
        CodeStore now = store;
        if (now != null) {
            now.copyHeap(held, codes, dimension);
        }
        to.writeBits(held);
        file.keep(to);
        codes.keep(to);
        finerCodes.keep(to);
        to.writeBoolean(now != null);
        if (now != null) {
            now.keep(to);
        }
        kept.keep(partitions(now));
    }

    /** Says that another process would find what {@link #keep} wrote last, so that it needs nothing of what was kept before. */
    public synchronized void setKept() {
        kept.setKept();
    }

    /** Whether another process would find other partitions than there are now, or none. Any thread may ask. */
    public synchronized boolean hasNewPartitions() {
        return !kept.isKept(partitions(store));
    }

    private static @Nullable Partitions partitions(@Nullable CodeStore store) {
        return store == null ? null : store.partitions();
    }

    /** Bytes of the mapped files that each row takes: 272 with 512 dimensions, 528 with 1024, 784 with 1536. */
    public static int bytesPerRow(int dimension) {
        return Rows.bytesPerRow(dimension) + FinerCodes.bytesPerRow(dimension);
    }

    /** About how many bytes of the disk the partitions of so many rows take while they are built beside those that another process would open. */
    public static long diskBytesOfPartitions(long rows, int dimension) {
        return 2 * PartitionBuild.diskBytes(rows, dimension);
    }

    /** About how many bytes of the heap the partitions of so many rows take while their centroids are found: 104 MB for ten million rows of 512 numbers. */
    public static long heapBytesOfPartitions(long rows, int dimension) {
        return PartitionBuild.heapBytes(rows, dimension);
    }

    /** Whether this row was put before. True also for a row that is in no view. Only the writing thread may call it. */
    public boolean holds(long rowId) {
        return rowId < held.length() && held.get((int) rowId);
    }

    /**
     * Adds a row. Existing views do not see it.
     *
     * @param vector of unit length
     * @throws IllegalArgumentException if the row was put before, or the vector has another dimension
     * @throws IllegalStateException if the index is closed
     */
    public void put(long rowId, float[] vector) {
        searchers.requireOpen();
        if (holds(rowId)) {
            throw new IllegalArgumentException("not a new row: " + rowId);
        }
        replace(rowId, vector);
    }

    /**
     * Adds a row, or replaces its vector. Existing views see the new vector too. A search that runs at the same time may read a mixture
     * of the old vector and the new one.
     *
     * @param vector of unit length
     * @throws IllegalArgumentException if the vector has another dimension
     * @throws IllegalStateException if the index is closed
     */
    public void replace(long rowId, float[] vector) {
        searchers.requireOpen();
        if (rowId < 0 || rowId >= MAX_ROWS) {
            throw new IllegalArgumentException("not a row from 0 to " + (MAX_ROWS - 1) + ": " + rowId);
        }
        if (vector.length != dimension) {
            throw new IllegalArgumentException("expected " + dimension + " dimensions, found " + vector.length);
        }
        write((int) rowId, vector);
    }

    private synchronized void write(int row, float[] vector) {
        file.write(row, vector);
        CodeStore now = store;
        if (now != null) {
            store = encode(now, row, vector);
        } else {
            first.put(row, vector.clone());
            if (first.size() >= ROWS_OF_MEAN) {
                store = encodeFirst();
                first.clear();
            }
        }
        if (replaced != null && held.get(row)) {
            replaced.set(row);
        }
        // Last, because a row without a code, as of a full disk, must not be searched.
        held.set(row);
    }

    private CodeStore encodeFirst() {
        CodeStore coded = new CodeStore(new Rotation(sum(first.values())));
        for (Map.Entry<Integer, float[]> early : first.entrySet()) {
            coded = encode(coded, early.getKey(), early.getValue());
        }
        return coded;
    }

    private float[] sum(Collection<float[]> vectors) {
        float[] sum = new float[dimension];
        for (float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                sum[i] += vector[i];
            }
        }
        return sum;
    }

    /** The store with the code of this row. */
    private CodeStore encode(CodeStore now, int row, float[] vector) {
        CodeStore roomy = now.withRoomFor(row, codes, finerCodes);
        roomy.encode(row, vector);
        return roomy;
    }

    /**
     * Makes a view of these rows. Rows that are put later do not change it.
     *
     * @param live the ids of the rows that searches shall see; copied
     * @throws IllegalArgumentException if one of them was never put
     */
    public VectorView view(BitSet live) {
        BitSet missing = (BitSet) live.clone();
        missing.andNot(held);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("never put: row " + missing.nextSetBit(0));
        }
        partitionIfDue(live.cardinality());
        return new VectorView(dimension, (BitSet) live.clone(), this, searchers);
    }

    @Nullable CodeStore store() {
        return store;
    }

    private synchronized void partitionIfDue(int rows) {
        CodeStore now = store;
        if (closed || now == null || rows < partitionedRows || building != null || !pause.isOver()) {
            return;
        }
        Partitions partitions = now.partitions();
        if (partitions != null) {
            long strays = (long) held.cardinality() - partitions.size() + partitions.countMoved();
            if (strays * ROWS_FOR_EACH_STRAY < partitions.size()) {
                return;
            }
        }
        BitSet all = (BitSet) held.clone();
        replaced = new BitSet();
        Thread thread = new Thread(() -> partition(now, all), "partitions");
        thread.setDaemon(true);
        building = thread;
        thread.start();
    }

    // Without partitions all codes are compared, so a failure costs time and nothing else; a later view tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void partition(CodeStore from, BitSet rows) {
        try {
            searchers.search(searcher -> {
                PartitionBuild build = new PartitionBuild(folder, from, searcher.reader, dimension, rows);
                build.requireRoom(DiskSpace.of(folder));
                Partitions built = build.run();
                try {
                    publish(built, searcher.reader);
                } catch (RuntimeException | Error e) {
                    built.close();
                    throw e;
                }
                return built;
            });
        } catch (RuntimeException | InternalError e) {
            // The error is that of a mapped file that the disk has no room for, or that cannot be read.
            failed(e);
            if (!(e instanceof SearchInterruptedException)) {
                // So that the disk has the space again which the files had.
                ClosedMappings.ALL.collect();
            }
        } finally {
            synchronized (this) {
                replaced = null;
                building = null;
            }
        }
    }

    private synchronized void failed(Throwable e) {
        if (closed) {
            log.log(Level.DEBUG, "closed before the codes were grouped into partitions");
            return;
        }
        log.log(
                Level.WARNING,
                "codes could not be grouped into partitions, so searches compare all of them; not tried again for "
                        + pause.begin() + " s",
                e);
    }

    private synchronized void publish(Partitions built, FullPrecisionVectorFile.Reader reader) {
        if (closed) {
            built.close();
            return;
        }
        CodeStore now = Objects.requireNonNull(store);
        for (int row : Objects.requireNonNull(replaced).stream().toArray()) {
            if (built.position(row) >= 0) {
                reader.load(row, 1);
                now.encode(row, reader.row(row).toArray(), built);
            }
        }
        pause.end();
        store = now.with(built, held);
        Partitions before = now.partitions();
        if (before != null) {
            try {
                kept.replace(before);
            } catch (UncheckedIOException e) {
                // The new ones are in use already.
                log.log(Level.WARNING, "files of earlier partitions stay in " + folder, e);
            }
        }
    }

    /** Whether partitions are being built, so that searches will soon take less. Any thread may ask. */
    boolean isSettling() {
        return building != null;
    }

    /** Bytes of the codes and the partitions: in mapped files, but for the first codes, which are on the heap until there are partitions. Any thread may ask. */
    public long codeBytes() {
        CodeStore now = store;
        if (now == null) {
            return codes.bytes() + finerCodes.bytes();
        }
        Partitions partitions = now.partitions();
        return codes.bytes()
                + finerCodes.bytes()
                + now.heapChunks() * (long) CHUNK_ROWS * Rows.bytesPerRow(dimension)
                + (partitions == null ? 0 : partitions.bytes());
    }

    /** Closes the files, and deletes those that were not kept. Searches that are running come to their end; later ones fail. Twice is fine. */
    @Override
    public void close() {
        endBuilding();
        try {
            searchers.close();
        } finally {
            synchronized (this) {
                Partitions partitions = partitions(store);
                try (codes;
                        finerCodes;
                        partitions) {
                    kept.close();
                }
            }
        }
    }

    /** Ends the thread that builds partitions, because it makes files in the folder, which may be another index's soon. None begins any more. */
    public void endBuilding() {
        synchronized (this) {
            closed = true;
        }
        Thread thread = building;
        if (thread != null) {
            thread.interrupt();
            try {
                thread.join(END_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
