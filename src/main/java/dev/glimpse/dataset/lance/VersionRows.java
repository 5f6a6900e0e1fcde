package dev.glimpse.dataset.lance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.lance.Dataset;
import org.lance.ipc.ScanOptions;
import org.lance.schema.LanceField;

/**
 * Reads what {@link ServedRows} keep of the rows of a version. For one thread, as long as the dataset is open.
 *
 * @param manifest of this version
 */
record VersionRows(Dataset dataset, Manifest manifest) {
    /** Rows in a batch of row ids. Most tables need one batch. */
    private static final long ID_BATCH = 1_000_000;

    /** Rows in a batch of whole rows. A batch has some megabytes. */
    private static final long ROW_BATCH = 2_048;

    /** Decides by its number, and the version that it was written in, whether a row is to be read. */
    interface Wanted {
        boolean is(int row, long updated);
    }

    /**
     * The columns that are read: name to type and number. One that was dropped, and added again under its name, has another number, and maybe no other
     * file.
     */
    Map<String, String> columns() {
        Map<String, String> columns = new HashMap<>(manifest.columns());
        columns.keySet().retainAll(read());
        for (LanceField field : dataset.getLanceSchema().fields()) {
            columns.computeIfPresent(field.getName(), (name, type) -> type + " " + field.getId());
        }
        return columns;
    }

    private List<String> read() {
        List<String> columns = new ArrayList<>(manifest.readable());
        columns.addAll(manifest.searched());
        return columns;
    }

    /**
     * The numbers of all rows.
     *
     * @param most stands for all that are higher
     */
    BitSet numbers(long most) throws IOException {
        BitSet numbers = new BitSet();
        Datasets.scan(
                dataset,
                numbered(ID_BATCH).build(),
                batch -> Columns.rowIds(batch).forEach(id -> numbers.set((int) Math.min(id, most))));
        return numbers;
    }

    /**
     * Reads rows of a fragment.
     *
     * @param rows takes each batch, with the numbers of the rows that are wanted; there may be others in it. It is valid during that call only
     */
    void read(Manifest.FragmentState fragment, Wanted which, BiConsumer<VectorSchemaRoot, BitSet> rows)
            throws IOException {
        BitSet wanted = new BitSet();
        ScanOptions ids = numbered(ID_BATCH)
                .columns(List.of(Columns.ROW_UPDATED))
                .fragmentIds(List.of(fragment.id()))
                .build();
        Datasets.scan(dataset, ids, batch -> {
            long[] updates = Columns.updates(batch).toArray();
            long[] rowIds = Columns.rowIds(batch).toArray();
            for (int i = 0; i < rowIds.length; i++) {
                if (which.is((int) rowIds[i], updates[i])) {
                    wanted.set((int) rowIds[i]);
                }
            }
        });
        if (wanted.isEmpty()) {
            return;
        }
        List<String> columns = read();
        columns.add(Columns.ROW_UPDATED);
        ScanOptions whole = numbered(ROW_BATCH)
                .columns(columns)
                .fragmentIds(List.of(fragment.id()))
                .build();
        Datasets.scan(dataset, whole, batch -> rows.accept(batch, wanted));
    }

    private static ScanOptions.Builder numbered(long batch) {
        return new ScanOptions.Builder().columns(List.of()).withRowId(true).batchSize(batch);
    }
}
