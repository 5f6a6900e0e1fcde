package dev.glimpse.dataset.lance;

import dev.glimpse.image.IdSet;
import dev.glimpse.vectors.MappedFile;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory for large sets of ids that takes no heap: mapped files that have no name any more, so that the system removes them after the last use,
 * whatever ends the process. Where the disk is full it is on the heap, because a set that is growing knows of rows that are committed.
 */
public final class MappedIds implements IdSet.Memory {
    private static final Logger log = LoggerFactory.getLogger(MappedIds.class);

    private final Path folder;

    /** @param folder on a local disk with 32 to 64 bytes for each id, and three times that while a set grows */
    public MappedIds(Path folder) {
        this.folder = folder;
    }

    @Override
    public LongBuffer[] allocate(int parts, int longs) {
        try (MappedFile file = new MappedFile(folder, "ids", longs * Long.BYTES)) {
            LongBuffer[] allocated = new LongBuffer[parts];
            for (int i = 0; i < parts; i++) {
                allocated[i] = file.chunk(i).asLongBuffer();
            }
            return allocated;
        } catch (UncheckedIOException e) {
            log.warn("ids of pictures are kept on the heap, bytes={}", (long) parts * longs * Long.BYTES, e);
            return HEAP.allocate(parts, longs);
        }
    }
}
