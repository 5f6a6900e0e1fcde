package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Neighbor;
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

/** Keeps the rows of the version that is read ready for searches, as far as they fit. For one thread. */
final class ServedRows implements AutoCloseable {
    /** Codes, and what else is kept for each row of 512 dimensions. */
    private static final long BYTES_PER_ROW = 92;

    /** Of row ids: one batch for most tables. */
    private static final long ID_BATCH = 1_000_000;

    /** Of whole rows: some megabytes. */
    private static final long ROW_BATCH = 2_048;

    private final VectorIndex memory;
    private final RowFile file;

    /** Files of fragments that have been looked through, by fragment. */
    private final Map<Integer, List<String>> known = new HashMap<>();

    /** Rows without a vector that a search could compare. */
    private final BitSet unusable = new BitSet();

    /** The version that has been read, 0 if none was. Rows that were written later are read again. */
    private long version;

    /** Of that version. What a row shows changes with them, though the row is not written again. */
    private Map<String, String> columns = Map.of();

    /** Those that are gone too. */
    private volatile long rows;

    /** @param folder on a local disk, emptied here, for what is not kept in memory: two and a half kilobytes a row */
    ServedRows(Path folder, int dimension) throws IOException {
        FileSystemUtils.deleteRecursively(folder);
        this.memory = new VectorIndex(folder, dimension);
        this.file = new RowFile(folder);
    }

    /** Of the heap, about. */
    long bytes() {
        return rows * BYTES_PER_ROW;
    }

    /** Whether nothing was read yet, so that the next {@link #of} takes long. */
    boolean isEmpty() {
        return version == 0;
    }

    /** What is searched of this version; null if it has to be searched by Lance. */
    @Nullable LocalRows of(Dataset dataset, Manifest manifest) throws IOException {
        long most = Runtime.getRuntime().maxMemory() / 3 / BYTES_PER_ROW;
        if (!manifest.stableRowIds() || !manifest.hasOurVectors() || manifest.rows() > most) {
            return null;
        }
        if (!columns.equals(manifest.columns())) {
            known.clear();
            version = 0;
            columns = manifest.columns();
        }
        BitSet live = new BitSet();
        Datasets.scan(
                dataset,
                rowIds(ID_BATCH).build(),
                batch -> Columns.rowIds(batch).forEach(id -> live.set((int) Math.min(id, Integer.MAX_VALUE - 1L))));
        if (live.length() > most) {
            return null;
        }
        for (Manifest.FragmentState fragment : manifest.fragments()) {
            if (!fragment.files().equals(known.get(fragment.id()))) {
                load(dataset, manifest, fragment.id());
                known.put(fragment.id(), fragment.files());
            }
        }
        known.keySet()
                .retainAll(manifest.fragments().stream()
                        .map(Manifest.FragmentState::id)
                        .collect(Collectors.toSet()));
        version = manifest.version();
        rows = live.length();
        BitSet skipped = (BitSet) unusable.clone();
        skipped.and(live);
        live.andNot(skipped);
        return new LocalRows(memory.view(live), file, skipped.cardinality());
    }

    /** Reads the rows of a fragment that are new, or were written again by other clients. A merge brings neither. */
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
                if (updates[i] > version || !isKnown(rowIds[i])) {
                    wanted.set((int) rowIds[i]);
                }
            }
        });
        if (wanted.isEmpty()) {
            return;
        }
        List<String> columns = new ArrayList<>(manifest.readable());
        columns.remove(Columns.DISTANCE);
        columns.add(Columns.VECTOR);
        ScanOptions rows = rowIds(ROW_BATCH)
                .columns(columns)
                .fragmentIds(List.of(fragment))
                .build();
        Datasets.scan(dataset, rows, batch -> put(batch, wanted));
    }

    private boolean isKnown(long rowId) {
        return memory.holds(rowId) || unusable.get((int) rowId);
    }

    private void put(VectorSchemaRoot batch, BitSet wanted) {
        long[] ids = Columns.rowIds(batch).toArray();
        List<Neighbor> rows = Columns.rows(batch);
        for (int i = 0; i < ids.length; i++) {
            int id = (int) ids[i];
            if (wanted.get(id)) {
                float[] vector = Columns.direction(batch, i);
                unusable.set(id, vector == null);
                if (vector != null) {
                    memory.replace(id, vector);
                    file.write(id, rows.get(i));
                }
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
