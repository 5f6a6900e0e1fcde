package dev.glimpse.dataset.lance;

import java.io.IOException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.VectorUnloader;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Hands batches over to Lance as they are made, so that one of them is in memory. Lance asks for them on a thread of its choice. Closing it
 * closes nothing else.
 */
abstract class BatchStream extends ArrowReader {
    private final Schema schema;
    private volatile @Nullable Exception failure;

    /** @param schema of all batches */
    BatchStream(Schema schema, BufferAllocator allocator) {
        super(allocator);
        this.schema = schema;
    }

    /** Passes the next batch on, unless there is none. The batch remains the caller's. */
    abstract boolean next(Batches batches) throws IOException;

    /** Takes a batch. */
    interface Batches {
        void take(VectorSchemaRoot batch) throws IOException;
    }

    @Override
    public boolean loadNextBatch() throws IOException {
        try {
            ensureInitialized();
            VectorSchemaRoot root = getVectorSchemaRoot();
            // The buffers of the batch before belong to native code.
            root.clear();
            return next(batch -> {
                try (ArrowRecordBatch buffers = new VectorUnloader(batch).getRecordBatch()) {
                    new VectorLoader(root).load(buffers);
                }
            });
        } catch (IOException | RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    /** Throws what has ended the batches early, if anything has: native code hands on no more than its text. */
    void requireWhole() throws IOException {
        Exception cause = failure;
        if (cause instanceof IOException io) {
            throw io;
        }
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
    }

    @Override
    public long bytesRead() {
        return 0;
    }

    @Override
    protected void closeReadSource() {}

    @Override
    protected Schema readSchema() {
        return schema;
    }
}
