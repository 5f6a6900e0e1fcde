package dev.glimpse.vectors;

import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of ints in a {@link MappedFile} of their own. They take room where they are set, in pieces of 65,536. One thread writes; several
 * threads may read.
 */
final class MappedInts implements AutoCloseable {
    private static final int CHUNK_BITS = 16;
    static final int CHUNK = 1 << CHUNK_BITS;

    private final MappedFile file;
    private final @Nullable IntBuffer[] chunks;
    private final int size;
    private final int none;

    /**
     * Creates an empty file; {@link #open} makes room in it.
     *
     * @param folder for the file
     * @param name what the name of the file begins with
     * @param none the value of those that are not set
     */
    MappedInts(Path folder, String name, int size, int none) {
        this.size = size;
        this.none = none;
        file = new MappedFile(folder, name, CHUNK * Integer.BYTES);
        chunks = new IntBuffer[(size + CHUNK - 1) / CHUNK];
    }

    /**
     * Opens a file that was kept.
     *
     * @param none the value of those that are not set, as it was
     */
    MappedInts(int none, KeptInput from) throws IOException {
        this.size = from.readInt();
        this.none = none;
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(CHUNK * Integer.BYTES, from));
        chunks = new IntBuffer[(size + CHUNK - 1) / CHUNK];
        files.also(() -> {
            file.chunks().stream()
                    .forEach(number -> chunks[number] = file.chunk(number).asIntBuffer());
            return chunks;
        });
    }

    /** See {@link MappedFile#keep}. */
    void keep(KeptOutput to) throws IOException {
        to.writeInt(size);
        file.keep(to);
    }

    /**
     * Makes room. Must be called before the first use. After a failure, as of a full disk, this can only be closed.
     *
     * @param set the indices that may be set
     * @param between is run after each piece, and may throw
     */
    void open(BitSet set, Runnable between) {
        int[] filled = new int[none == 0 ? 0 : CHUNK];
        Arrays.fill(filled, none);
        for (int at = set.nextSetBit(0); at >= 0 && at < size; at = set.nextSetBit((at / CHUNK + 1) * CHUNK)) {
            IntBuffer chunk = file.chunk(at / CHUNK).asIntBuffer();
            chunk.put(0, filled);
            chunks[at / CHUNK] = chunk;
            between.run();
        }
    }

    int size() {
        return size;
    }

    int get(int index) {
        IntBuffer chunk = chunks[index >>> CHUNK_BITS];
        return chunk == null ? none : chunk.get(index & CHUNK - 1);
    }

    /** Sets one of those that there is room for. */
    void set(int index, int value) {
        IntBuffer chunk = chunks[index >>> CHUNK_BITS];
        if (chunk == null) {
            throw new IllegalArgumentException("no room was made for " + index);
        }
        chunk.put(index & CHUNK - 1, value);
    }

    /** Bytes on the disk. */
    long bytes() {
        return file.bytes();
    }

    /** Deletes the file, also if it was kept. What reads these ints meanwhile can go on. */
    void delete() {
        file.delete();
    }

    /** Closes the file, and deletes it unless it was kept. What reads these ints meanwhile can go on. */
    @Override
    public void close() {
        file.close();
    }
}
