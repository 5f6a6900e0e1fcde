package dev.glimpse.dataset.lance;

import dev.glimpse.image.IdSet;
import dev.glimpse.vectors.MappedFile;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory for large sets of ids that takes no heap: mapped files that have no name any more, so that the system removes them after the last use,
 * whatever ends the process. Where the disk is full it is on the heap, if that has plenty of room.
 */
public final class MappedIds implements IdSet.Memory {
    private static final Logger log = LoggerFactory.getLogger(MappedIds.class);

    /** Ids take at most one of so many parts of the free heap. */
    private static final int SHARES_OF_HEAP = 4;

    private final Path folder;
    private final LongSupplier freeHeap;

    /** @param folder on a local disk with 32 to 64 bytes for each id, and three times that while a set grows */
    public MappedIds(Path folder) {
        this(folder, MappedIds::freeHeap);
    }

    /** @param freeHeap in bytes */
    MappedIds(Path folder, LongSupplier freeHeap) {
        this.folder = folder;
        this.freeHeap = freeHeap;
    }

    private static long freeHeap() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    }

    /** @throws UncheckedIOException if there is room neither on the disk nor on the heap */
    @Override
    public IdSet.Parts allocate(int parts, int longs) {
        try {
            return mapped(parts, longs);
        } catch (UncheckedIOException e) {
            long bytes = (long) parts * longs * Long.BYTES;
            if (bytes > freeHeap.getAsLong() / SHARES_OF_HEAP) {
                throw e;
            }
            log.warn("ids of pictures are kept on the heap, bytes={}", bytes, e);
            return HEAP.allocate(parts, longs);
        }
    }

    private IdSet.Parts mapped(int parts, int longs) {
        MappedFile file = new MappedFile(folder, "ids", longs * Long.BYTES);
        try {
            LongBuffer[] allocated = new LongBuffer[parts];
            for (int i = 0; i < parts; i++) {
                allocated[i] = file.chunk(i).asLongBuffer();
            }
            file.removeName();
            return new IdSet.Parts(allocated, file::close);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }
}
