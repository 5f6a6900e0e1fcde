package dev.glimpse.dataset.lance;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Notes down in a file the newest version whose rows may be in the files beside it, before the first of them is written. Only who has that
 * version can go on with the files. For one thread.
 */
final class VersionMark implements AutoCloseable {
    static final String NAME = "version";

    private final Path path;
    private final RandomAccessFile file;

    /**
     * A version of a table.
     *
     * @param digest tells it from versions of the same number of other tables
     */
    record Marked(long version, String digest) {}

    /** Opens the file. It keeps its mark until the next one. */
    VersionMark(Path folder) throws IOException {
        path = folder.resolve(NAME);
        file = new RandomAccessFile(path.toFile(), "rw");
    }

    /** Notes a version down. A process that is killed leaves the mark behind; the disk need not have it before {@link #force}. */
    void set(Marked marked) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(marked.version);
        out.writeUTF(marked.digest);
        out.writeLong(checksum(bytes.toByteArray(), bytes.size()));
        file.seek(0);
        file.write(bytes.toByteArray());
    }

    /** Brings the mark to the disk. */
    void force() throws IOException {
        file.getFD().sync();
    }

    /**
     * Reads what was noted down last.
     *
     * @throws IOException if there is no mark, or half of one
     */
    static Marked read(Path folder) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(NAME));
        ByteArrayInputStream left = new ByteArrayInputStream(bytes);
        DataInputStream in = new DataInputStream(left);
        Marked marked = new Marked(in.readLong(), in.readUTF());
        int length = bytes.length - left.available();
        if (in.readLong() != checksum(bytes, length)) {
            throw new IOException("the note of the version that was read last is damaged");
        }
        return marked;
    }

    private static long checksum(byte[] bytes, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, length);
        return sum.getValue();
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path, e);
        }
    }
}
