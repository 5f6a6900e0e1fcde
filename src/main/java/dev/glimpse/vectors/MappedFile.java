package dev.glimpse.vectors;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * A local file of chunks of one size, which are mapped into memory. What is in it takes no heap: the system keeps in memory what is used, and
 * takes the memory back when others need it. A new file is empty, and has disk space for those chunks only that were asked for. It never
 * moves a chunk, so who reads one need not know that others come.
 *
 * <p>A new chunk is written to the disk as zeros before it is mapped. So a full disk is an exception here; if the disk space were only
 * promised, it would be an {@link InternalError} at whatever later instruction writes into the chunk. That is so for file systems that write
 * a block where it was before, such as ext4, XFS and tmpfs. Others, such as Btrfs, ZFS and NFS, may lack the space later, and then throw the error.
 *
 * <p>{@link #close} deletes a file that was never kept. After {@link #keep} it stays, and another process may open it again.
 *
 * <p>The disk space of a file that was deleted is free as soon as a garbage collection has found that none of its chunks is in use. When the
 * disk is full, this asks for a collection.
 *
 * <p>Safe for use by several threads. What they may do with the same chunk, they have to settle themselves.
 */
public final class MappedFile implements AutoCloseable {
    private static final int ZEROS = 1 << 16;

    private final Path path;
    private final int chunkBytes;
    // Not a channel, because an interrupt would close it.
    private final RandomAccessFile file;

    private final ClosedMappings.OfFile mappings = ClosedMappings.ALL.new OfFile();

    /** Chunks that are on the disk. */
    private final BitSet written = new BitSet();

    /** Whether {@link #close} leaves the file where it is. Guarded by this. */
    private boolean kept;

    /**
     * Creates an empty file.
     *
     * @param folder on a local disk; created if it is missing
     * @param name what the name of the file begins with
     * @param chunkBytes size of each chunk, a multiple of 8
     * @throws IllegalArgumentException if the size is not positive or no multiple of 8
     * @throws UncheckedIOException if the file cannot be created
     */
    public MappedFile(Path folder, String name, int chunkBytes) {
        this(newFile(folder, name, chunkBytes), chunkBytes);
    }

    /** @param path of an empty file */
    MappedFile(Path path, int chunkBytes) {
        this.path = path;
        this.chunkBytes = chunkBytes;
        try {
            file = open(path);
        } catch (UncheckedIOException e) {
            try {
                removeName();
            } catch (UncheckedIOException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    private static RandomAccessFile open(Path path) {
        try {
            return new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open " + path, e);
        }
    }

    /**
     * Opens a file that was kept.
     *
     * @param chunkBytes size of each chunk, as it was
     * @param from what {@link #keep} wrote
     * @throws IOException if the file is missing or too short
     */
    public MappedFile(int chunkBytes, KeptInput from) throws IOException {
        path = from.readFile(0);
        this.chunkBytes = chunkBytes;
        file = open(path);
        kept = true;
        try {
            written.or(from.readBits());
            KeptInput.requireBytes(path, (long) written.length() * chunkBytes);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private static Path newFile(Path folder, String name, int chunkBytes) {
        if (chunkBytes <= 0 || chunkBytes % Long.BYTES != 0) {
            throw new IllegalArgumentException("not a positive multiple of " + Long.BYTES + ": " + chunkBytes);
        }
        try {
            return Files.createTempFile(Files.createDirectories(folder), name, ".bin");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep rows in " + folder, e);
        }
    }

    /**
     * Maps a chunk: zeros, until somebody writes into it. Asked twice for the same chunk, it returns two buffers
     * with the same memory. A buffer can be used after {@link #close}, and its memory is given back after the last
     * use of it.
     *
     * @param number from 0 on
     * @return in native byte order, from position 0 on
     * @throws UncheckedIOException if the disk is full, or the file is closed or cannot be mapped
     */
    public synchronized ByteBuffer chunk(int number) {
        try {
            if (!written.get(number)) {
                makeRoom(number);
                written.set(number);
            }
            ByteBuffer chunk = map((long) number * chunkBytes);
            mappings.add(chunk, chunkBytes);
            return chunk.order(ByteOrder.nativeOrder());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep more rows in " + path, e);
        }
    }

    private void makeRoom(int number) throws IOException {
        try {
            writeZeros(number);
        } catch (IOException e) {
            // Also if another thread has just asked for a collection.
            ClosedMappings.ALL.collect();
            writeZeros(number);
        }
    }

    private void writeZeros(int number) throws IOException {
        byte[] zeros = new byte[Math.min(ZEROS, chunkBytes)];
        file.seek((long) number * chunkBytes);
        for (int left = chunkBytes; left > 0; left -= zeros.length) {
            file.write(zeros, 0, Math.min(left, zeros.length));
        }
    }

    /** Also in a thread that is interrupted: half of a row must not be kept. */
    private ByteBuffer map(long start) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                    return channel.map(FileChannel.MapMode.READ_WRITE, start, chunkBytes);
                } catch (ClosedByInterruptException e) {
                    interrupted = Thread.interrupted() || interrupted;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The numbers of the chunks that were asked for until now, by earlier processes too. */
    public synchronized BitSet chunks() {
        return (BitSet) written.clone();
    }

    /**
     * Brings all that was written into the file to the disk, and says how another process can open it. From now on {@link #close} leaves the
     * file where it is.
     */
    public void keep(KeptOutput to) throws IOException {
        BitSet chunks = chunks();
        // On Linux this brings to the disk what was written into mapped memory, too. It may take long, so nobody is to
        // wait for it.
        file.getFD().sync();
        to.writeName(path);
        to.writeBits(chunks);
        synchronized (this) {
            kept = true;
        }
    }

    /** Bytes on the disk: those of the chunks that were asked for. */
    public synchronized long bytes() {
        return (long) written.cardinality() * chunkBytes;
    }

    /** Takes away the name of the file, so that it is gone whatever ends the process. The chunks stay; there can be no others. */
    public synchronized void removeName() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }

    /** Deletes the file, also if it was kept. Chunks that are in use can be used further. Twice is fine. */
    public synchronized void delete() {
        kept = false;
        close();
    }

    /** Closes the file, and deletes it unless it was kept. Chunks that are in use can be used further. Twice is fine. */
    @Override
    public synchronized void close() {
        try (file) {
            if (!kept) {
                removeName();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path, e);
        } finally {
            // Else its disk space is not to be free.
            if (!Files.exists(path)) {
                mappings.close();
            }
        }
    }
}
