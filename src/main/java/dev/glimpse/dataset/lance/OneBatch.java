package dev.glimpse.dataset.lance;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/** Hands over rows as one batch. Closing it closes the rows. For one thread. */
final class OneBatch extends ArrowReader {
    private final VectorSchemaRoot rows;
    private boolean read;

    OneBatch(VectorSchemaRoot rows, BufferAllocator allocator) {
        super(allocator);
        this.rows = rows;
    }

    @Override
    public VectorSchemaRoot getVectorSchemaRoot() {
        return rows;
    }

    @Override
    public boolean loadNextBatch() {
        boolean first = !read;
        read = true;
        return first;
    }

    @Override
    public long bytesRead() {
        return 0;
    }

    @Override
    protected void closeReadSource() {
        rows.close();
    }

    @Override
    protected Schema readSchema() {
        return rows.getSchema();
    }

    @Override
    public void close() {
        rows.close();
    }
}
