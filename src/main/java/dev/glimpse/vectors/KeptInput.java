package dev.glimpse.vectors;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads what an earlier process took down of its files with {@link KeptOutput}. The bytes must be those that were written; whether the files
 * are still as they were is checked as far as a read of them could end the process. For one thread.
 */
public final class KeptInput extends DataInputStream {
    private final Path folder;
    private final Set<Path> named = new HashSet<>();

    /** @param folder that the files are in */
    public KeptInput(InputStream in, Path folder) {
        super(in);
        this.folder = folder;
    }

    /**
     * Reads the name of a file.
     *
     * @param bytes that it must have at least
     * @throws IOException if it is missing or shorter
     */
    public Path readFile(long bytes) throws IOException {
        Path file = readName();
        requireBytes(file, bytes);
        return file;
    }

    /**
     * Does nothing if the file has so many bytes. To read a mapped file beyond its end would end the process.
     *
     * @throws IOException if it is missing or shorter
     */
    public static void requireBytes(Path file, long bytes) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (Files.size(file) < bytes) {
            throw new IOException(file + " has " + Files.size(file) + " bytes instead of " + bytes);
        }
    }

    /** Reads the name of a file or folder, and answers where it is, if it is there. */
    public Path readName() throws IOException {
        String name = readUTF();
        Path file = folder.resolve(name);
        if (!folder.equals(file.getParent())) {
            throw new IOException("not a name of a file: " + name);
        }
        named.add(file);
        return file;
    }

    /** Files and folders whose names were read until now. */
    public Set<Path> named() {
        return Set.copyOf(named);
    }

    public String readText() throws IOException {
        return new String(readAll(readInt()), StandardCharsets.UTF_8);
    }

    public BitSet readBits() throws IOException {
        return BitSet.valueOf(readAll(readInt()));
    }

    /** Reads how many there are, and these. */
    public int[] readInts() throws IOException {
        IntBuffer read = ByteBuffer.wrap(readAll(Math.multiplyExact(readInt(), Integer.BYTES)))
                .asIntBuffer();
        int[] ints = new int[read.remaining()];
        read.get(ints);
        return ints;
    }

    public float[] readFloats() throws IOException {
        FloatBuffer read = ByteBuffer.wrap(readAll(Math.multiplyExact(readInt(), Float.BYTES)))
                .asFloatBuffer();
        float[] floats = new float[read.remaining()];
        read.get(floats);
        return floats;
    }

    /** Takes no more heap than what is left, whatever the length: it may be none if what was written is of another format. */
    private byte[] readAll(int length) throws IOException {
        byte[] bytes = readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("it ends " + (length - bytes.length) + " bytes too early");
        }
        return bytes;
    }
}
