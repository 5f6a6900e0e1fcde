package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.words.PendingWords;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.vectors.OpenFiles;
import dev.glimpse.vectors.VectorIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.ipc.ScanOptions;
import org.springframework.util.FileSystemUtils;

/**
 * Keeps the rows of the version that is read ready for searches, in files on the local disk. Of most of them the system keeps in memory what
 * is used. On the heap a row has some bits only. For one thread.
 */
final class ServedRows implements AutoCloseable {
    /**
     * Bytes of the heap for each row: about a dozen sets have a bit for it, for this version, the one before and the next; and three for each
     * filter that is remembered: one of the rows, and two of those that have a vector, of which one is by partitions.
     */
    private static final long HEAP_BYTES_PER_ROW = 8;

    /** One of so many parts of the heap is for rows. */
    private static final int SHARES_OF_HEAP = 3;

    /** Rows in a batch of row ids. Most tables need one batch. */
    private static final long ID_BATCH = 1_000_000;

    /** Rows in a batch of whole rows. A batch has some megabytes. */
    private static final long ROW_BATCH = 2_048;

    private final VectorColumn column;
    private final RowsOnDisk disk;
    private final VectorIndex memory;
    private final RowKeys keys;
    private final RowColumns filtered;
    private final RowLooks looks;
    private final RowFile file;
    private final WordIndex words;
    private final PendingWords pendingWords;

    /** The files of each fragment that has been read. */
    private final Map<Integer, List<String>> known = new HashMap<>();

    /** Rows that have no vector, so that searches cannot compare them. */
    private final BitSet unusable = new BitSet();

    /** The rows of the version that was read last. */
    private BitSet lastLive = new BitSet();

    /** The version that was read last, or 0. Rows that were written later are read again. */
    private long version;

    /** The columns of that version that are read. When they change, rows show something else, though they are not written again. */
    private Map<String, String> columns = Map.of();

    /** About what the names of tags take of the heap. */
    private volatile long tagBytes;

    /**
     * @param column of the vectors
     * @param folder on a local disk, for 4 bytes for each number of each vector, and 0.7 kB for each row. It is emptied here
     * @param disk that the folder is on; no rows are written yet
     */
    ServedRows(Path folder, VectorColumn column, RowsOnDisk disk) throws IOException {
        int dimension = column.model().dimension();
        this.column = column;
        this.disk = disk;
        FileSystemUtils.deleteRecursively(folder);
        OpenFiles files = new OpenFiles();
        this.memory = files.add(() -> new VectorIndex(folder, dimension));
        this.file = files.add(() -> new RowFile(folder));
        this.keys = files.add(() -> new RowKeys(folder));
        this.looks = files.add(() -> new RowLooks(folder));
        this.filtered = files.add(() -> new RowColumns(folder));
        this.words = files.add(() -> new WordIndex(folder));
        this.pendingWords = files.add(() -> new PendingWords(folder));
    }

    /** The column of the vectors. */
    VectorColumn column() {
        return column;
    }

    /** Bytes of mapped files without the columns, and of the first codes on the heap. They have room for rows that are gone, too. */
    long codeBytes() {
        return memory.codeBytes() + keys.mappedBytes() + looks.mappedBytes() + file.mappedBytes();
    }

    /** About how many bytes the columns take: mapped files, and the names of tags on the heap. */
    long columnBytes() {
        return filtered.mappedBytes() + tagBytes;
    }

    /** About how many bytes of the heap the words take; most of them are in files. */
    long wordBytes() {
        return words.heapBytes() + pendingWords.heapBytes();
    }

    /** Bytes of the files of words. */
    long wordFileBytes() {
        return words.diskBytes() + pendingWords.diskBytes();
    }

    /** Whether nothing was read yet, so that the next {@link #of} takes long. */
    boolean isEmpty() {
        return version == 0;
    }

    /** Whether files have rows that cannot be searched, because the disk has no space for the others. */
    boolean isStuck() {
        return isEmpty() && disk.isStuck();
    }

    /** Whether no further row can be kept here, because a write has failed, as of a full disk. */
    boolean isBroken() {
        return words.isBroken() || pendingWords.isBroken();
    }

    /** The rows of this version, to be searched. Null if Lance has to search the version. */
    @Nullable LocalRows of(Dataset dataset, Manifest manifest) throws IOException {
        long room = heapForRows(Runtime.getRuntime().maxMemory());
        if (!manifest.stableRowIds()
                || !manifest.hasOurVectors()
                || heapBytes(manifest.rows(), manifest.rows()) > room) {
            return null;
        }
        Map<String, String> types = new HashMap<>(manifest.columns());
        types.keySet().retainAll(read(manifest));
        if (!columns.equals(types)) {
            known.clear();
            version = 0;
            columns = types;
        }
        // A set up to a higher number would not fit into the heap.
        long most = Math.min(VectorIndex.MAX_ROWS, room / HEAP_BYTES_PER_ROW);
        BitSet live = new BitSet();
        Datasets.scan(
                dataset,
                rowIds(ID_BATCH).build(),
                batch -> Columns.rowIds(batch).forEach(id -> live.set((int) Math.min(id, most))));
        long heap = heapBytes(live.length(), live.cardinality());
        if (live.length() > most || heap > room || disk.lacks(live)) {
            return null;
        }
        for (Manifest.FragmentState fragment : manifest.fragments()) {
            if (heap + filtered.heapBytes() > room) {
                return null;
            }
            if (!fragment.files().equals(known.get(fragment.id()))) {
                load(dataset, manifest, fragment.id());
                known.put(fragment.id(), fragment.files());
            }
        }
        known.keySet()
                .retainAll(manifest.fragments().stream()
                        .map(Manifest.FragmentState::id)
                        .collect(Collectors.toSet()));
        tagBytes = filtered.heapBytes();
        BitSet searched = (BitSet) live.clone();
        searched.andNot(unusable);
        RowKeys.View positions = keys.view(live);
        // Searches of the version before still find what that one had.
        lastLive.or(live);
        words.retain(lastLive);
        lastLive = (BitSet) live.clone();
        words.refresh();
        LocalRows rows = new LocalRows(
                column.model().fingerprint(),
                memory.view(searched),
                positions,
                filtered.view(live, positions),
                looks.view(live),
                file,
                words,
                pendingWords,
                live.cardinality() - searched.cardinality());
        // Last, because what has failed before, as on a full disk, was not read.
        version = manifest.version();
        return rows;
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

    /** Reads the rows of a fragment that are new, that other clients have written again, or that had no vector. After a merge there are few. */
    private void load(Dataset dataset, Manifest manifest, int fragment) throws IOException {
        BitSet wanted = new BitSet();
        ScanOptions ids = rowIds(ID_BATCH)
                .columns(List.of(Columns.ROW_UPDATED))
                .fragmentIds(List.of(fragment))
                .build();
        Datasets.scan(dataset, ids, batch -> {
            long[] updates = Columns.updates(batch).toArray();
            long[] rowIds = Columns.rowIds(batch).toArray();
            for (int i = 0; i < rowIds.length; i++) {
                if (updates[i] > version || !memory.holds(rowIds[i])) {
                    wanted.set((int) rowIds[i]);
                }
            }
        });
        if (wanted.isEmpty()) {
            return;
        }
        ScanOptions rows = rowIds(ROW_BATCH)
                .columns(read(manifest))
                .fragmentIds(List.of(fragment))
                .build();
        Datasets.scan(dataset, rows, batch -> put(batch, wanted));
    }

    private static List<String> read(Manifest manifest) {
        List<String> columns = new ArrayList<>(manifest.readable());
        columns.addAll(manifest.searched());
        return columns;
    }

    private void put(VectorSchemaRoot batch, BitSet wanted) {
        long[] ids = Columns.rowIds(batch).toArray();
        List<Picture> rows = Columns.pictures(batch);
        for (int i = 0; i < ids.length; i++) {
            int id = (int) ids[i];
            if (wanted.get(id)) {
                disk.writing(id);
                float[] vector = Columns.direction(batch, column.name(), i);
                unusable.set(id, vector == null);
                if (vector != null) {
                    memory.replace(id, vector);
                }
                file.write(id, rows.get(i));
                keys.put(id, ListPosition.of(rows.get(i)));
                filtered.put(id, rows.get(i));
                words.put(id, rows.get(i));
                looks.put(id, Columns.fingerprint(batch, i));
            }
        }
    }

    private static ScanOptions.Builder rowIds(long batch) {
        return new ScanOptions.Builder().columns(List.of()).withRowId(true).batchSize(batch);
    }

    @Override
    public void close() {
        // Also if one of them fails, as on a full disk.
        try (pendingWords;
                words;
                file;
                filtered;
                looks;
                keys) {
            memory.close();
        }
    }
}
