package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.VectorColumn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/** Makes batches of rows, as the rows come. */
final class RowStream extends BatchStream {
    private static final int BATCH = 256;

    private final Iterator<PictureRow> rows;
    private final Schema table;
    private final List<VectorColumn> vectors;
    private final Consumer<PictureRow> taken;

    /**
     * @param table with columns that {@link TableSchema#whyNotWritten} has nothing against
     * @param vectors the columns of vectors, the active one first
     * @param taken is told of each row that was handed over, in order
     */
    RowStream(
            Iterator<PictureRow> rows,
            Schema table,
            List<VectorColumn> vectors,
            Consumer<PictureRow> taken,
            BufferAllocator allocator) {
        super(table, allocator);
        this.rows = rows;
        this.table = table;
        this.vectors = vectors;
        this.taken = taken;
    }

    @Override
    boolean next(Batches batches) throws IOException {
        List<PictureRow> batch = new ArrayList<>(BATCH);
        while (batch.size() < BATCH && rows.hasNext()) {
            batch.add(rows.next());
        }
        if (batch.isEmpty()) {
            return false;
        }
        try (VectorSchemaRoot made = Columns.toArrow(batch, table, vectors, allocator)) {
            batches.take(made);
        }
        batch.forEach(taken);
        return true;
    }
}
