package dev.glimpse.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.ipc.ScanOptions;
import org.springframework.util.FileSystemUtils;

/** Keeps the rows of the version that is read ready for searches, as far as they fit. For one thread. */
final class ServedRows implements AutoCloseable {
    /** Codes, and what else is kept for each row of 512 dimensions. */
    private static final long BYTES_PER_ROW = 92;

    /** Of row ids: one batch for most tables. */
    private static final long ID_BATCH = 1_000_000;

    /** Of whole rows: some megabytes. */
    private static final long ROW_BATCH = 2_048;

    private final VectorMemory memory;
    private final RowFile file;

    /** Fragments that have been looked through. */
    private final Set<Integer> known = new HashSet<>();

    /** Those that are gone too. */
    private volatile long rows;

    /** @param folder on a local disk, emptied here, for what is not kept in memory: two and a half kilobytes a row */
    ServedRows(Path folder, int dimension) throws IOException {
        FileSystemUtils.deleteRecursively(folder);
        this.memory = new VectorMemory(folder, dimension);
        this.file = new RowFile(folder);
    }

    /** Of the heap, about. */
    long bytes() {
        return rows * BYTES_PER_ROW;
    }

    /** Whether nothing was read yet, so that the next {@link #of} takes long. */
    boolean isEmpty() {
        return known.isEmpty();
    }

    /** What is searched of this version; null if it has to be searched by Lance. */
    @Nullable LocalRows of(Dataset dataset, Head head) throws IOException {
        long most = Runtime.getRuntime().maxMemory() / 3 / BYTES_PER_ROW;
        if (!head.stableRowIds() || head.rows() > most) {
            return null;
        }
        BitSet live = new BitSet();
        Datasets.scan(
                dataset,
                rowIds(ID_BATCH).build(),
                batch -> Columns.rowIds(batch).forEach(id -> live.set((int) Math.min(id, Integer.MAX_VALUE - 1L))));
        if (live.length() > most) {
            return null;
        }
        for (Head.FragmentState fragment : head.fragments()) {
            if (!known.contains(fragment.id())) {
                load(dataset, head, fragment.id());
                known.add(fragment.id());
            }
        }
        rows = live.length();
        return new LocalRows(memory.view(live), file);
    }

    private void load(Dataset dataset, Head head, int fragment) throws IOException {
        boolean[] holds = {true};
        Datasets.scan(
                dataset,
                rowIds(ID_BATCH).fragmentIds(List.of(fragment)).build(),
                batch -> Columns.rowIds(batch).forEach(id -> holds[0] &= memory.holds(id)));
        if (holds[0]) {
            return; // merged from fragments that were read
        }
        List<String> columns = new ArrayList<>(head.readable());
        columns.remove(Columns.DISTANCE);
        columns.add(Columns.VECTOR);
        ScanOptions rows = rowIds(ROW_BATCH)
                .columns(columns)
                .fragmentIds(List.of(fragment))
                .build();
        Datasets.scan(dataset, rows, this::put);
    }

    private void put(VectorSchemaRoot batch) {
        long[] ids = Columns.rowIds(batch).toArray();
        List<Neighbor> rows = Columns.rows(batch);
        for (int i = 0; i < ids.length; i++) {
            if (!memory.holds(ids[i])) {
                memory.put(ids[i], Columns.vector(batch, i));
                file.write((int) ids[i], rows.get(i));
            }
        }
    }

    private static ScanOptions.Builder rowIds(long batch) {
        return new ScanOptions.Builder().columns(List.of()).withRowId(true).batchSize(batch);
    }

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
