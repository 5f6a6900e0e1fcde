package dev.glimpse.dataset.lance;

import dev.glimpse.image.IdSet;
import dev.glimpse.vectors.MappedFile;
import java.nio.LongBuffer;
import java.nio.file.Path;

/**
 * Memory for large sets of ids that takes no heap: mapped files that have no name any more, so that the system removes them after the last use,
 * whatever ends the process.
 */
public final class MappedIds implements IdSet.Memory {
    private final Path folder;

    /** @param folder on a local disk with 32 to 64 bytes for each id, and three times that while a set grows */
    public MappedIds(Path folder) {
        this.folder = folder;
    }

    /** @throws java.io.UncheckedIOException if the disk is full */
    @Override
    public LongBuffer[] allocate(int parts, int longs) {
        LongBuffer[] allocated = new LongBuffer[parts];
        try (MappedFile file = new MappedFile(folder, "ids", longs * Long.BYTES)) {
            for (int i = 0; i < parts; i++) {
                allocated[i] = file.chunk(i).asLongBuffer();
            }
        }
        return allocated;
    }
}
