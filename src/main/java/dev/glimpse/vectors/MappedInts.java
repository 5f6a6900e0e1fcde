package dev.glimpse.vectors;

import java.nio.IntBuffer;
import java.nio.file.Path;

/** A fixed number of ints in a {@link MappedFile} of their own; zeros at first. One thread writes; several threads may read. */
final class MappedInts implements AutoCloseable {
    private static final int CHUNK_BITS = 16;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private final MappedFile file;
    private final IntBuffer[] chunks;
    private final int size;

    /**
     * Creates an empty file; {@link #open} makes room in it.
     *
     * @param folder for the file
     * @param name what the name of the file begins with
     */
    MappedInts(Path folder, String name, int size) {
        this.size = size;
        file = new MappedFile(folder, name, CHUNK * Integer.BYTES);
        chunks = new IntBuffer[(size + CHUNK - 1) / CHUNK];
    }

    /** Must be called before the first use. After a failure, as of a full disk, this can only be closed. */
    void open() {
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = file.chunk(i).asIntBuffer();
        }
    }

    int size() {
        return size;
    }

    int get(int index) {
        return chunks[index >>> CHUNK_BITS].get(index & CHUNK - 1);
    }

    void set(int index, int value) {
        chunks[index >>> CHUNK_BITS].put(index & CHUNK - 1, value);
    }

    void fill(int value) {
        for (IntBuffer chunk : chunks) {
            for (int i = 0; i < CHUNK; i++) {
                chunk.put(i, value);
            }
        }
    }

    /** Deletes the file. What reads these ints meanwhile can go on. */
    @Override
    public void close() {
        file.close();
    }
}
