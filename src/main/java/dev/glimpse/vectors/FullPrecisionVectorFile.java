package dev.glimpse.vectors;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Stores vectors in full precision in a file: float32 in native byte order, row after row. {@link #close} deletes it unless it was kept. One thread writes. Each reading thread needs a {@link Reader} of its own, because an interrupt of a
 * thread closes the channel that it reads from.
 */
final class FullPrecisionVectorFile implements AutoCloseable {
    /**
     * Rows that are mapped into memory: 32 MB for 512 dimensions. A table of so few rows is searched exactly, and there reading would
     * take longer than computing. Further rows are read and not mapped, because mapped pages count as memory of this process.
     */
    private static final int MAPPED_ROWS = 1 << 14;

    private final Path path;
    private final int dimension;
    private final FloatBuffer mapped;
    // Not a channel: an interrupt of the writing thread would close a channel.
    private final RandomAccessFile writer;
    private final ByteBuffer rowBuffer;
    private final ClosedMappings.OfFile mappings = ClosedMappings.ALL.new OfFile();
    private volatile boolean kept;

    /**
     * Creates the file.
     *
     * @param folder created if it is missing
     * @throws UncheckedIOException if the file cannot be created
     */
    FullPrecisionVectorFile(Path folder, int dimension) {
        this(newFile(folder), dimension, false);
    }

    /**
     * Opens a file that was kept.
     *
     * @param rows that it has at least, with those between that were never written
     * @throws IOException if it is missing or too short
     */
    FullPrecisionVectorFile(int dimension, int rows, KeptInput from) throws IOException {
        this(from.readFile((long) rows * dimension * Float.BYTES), dimension, true);
    }

    private static Path newFile(Path folder) {
        try {
            return Files.createTempFile(Files.createDirectories(folder), "vectors", ".f32");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep vectors in " + folder, e);
        }
    }

    private FullPrecisionVectorFile(Path path, int dimension, boolean kept) {
        this.path = path;
        this.dimension = dimension;
        this.kept = kept;
        rowBuffer = ByteBuffer.allocate(dimension * Float.BYTES).order(ByteOrder.nativeOrder());
        try {
            writer = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep vectors in " + path, e);
        }
        try {
            mapped = writer.getChannel()
                    .map(FileChannel.MapMode.READ_WRITE, 0, (long) MAPPED_ROWS * rowBuffer.capacity())
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
        } catch (IOException e) {
            closeWriter();
            throw new UncheckedIOException("cannot keep vectors in " + path, e);
        } catch (RuntimeException e) {
            closeWriter();
            throw e;
        }
    }

    /** Writes the vector of this row. Only the writing thread may call it. */
    void write(int row, float[] vector) {
        rowBuffer.asFloatBuffer().put(vector);
        try {
            writer.seek((long) row * rowBuffer.capacity());
            writer.write(rowBuffer.array());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
    }

    /** See {@link MappedFile#keep}. Only the writing thread may call it. */
    void keep(KeptOutput to) throws IOException {
        writer.getFD().sync();
        to.writeName(path);
        kept = true;
    }

    /**
     * Opens a reader.
     *
     * @param rows the most rows of one read
     */
    Reader reader(int rows) {
        return new Reader(rows);
    }

    /** Closes the file, and deletes it unless it was kept. Open readers can go on reading. Twice is fine. */
    @Override
    public void close() {
        try {
            // As long as a part of a deleted file is mapped, the system keeps all of it.
            if ((!kept || !Files.exists(path)) && writer.getChannel().isOpen()) {
                mappings.add(mapped, writer.length());
                mappings.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path, e);
        } finally {
            closeWriter();
        }
    }

    private void closeWriter() {
        try (writer) {
            if (!kept) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }

    /** Reads several rows at once into one buffer, which each read uses again. For one thread at a time. */
    final class Reader implements AutoCloseable {
        private final FileChannel channel;
        private final ByteBuffer bytes;
        private final FloatBuffer floats;
        private final QueryVector.Row row = new QueryVector.Row(dimension);
        private FloatBuffer loaded = mapped;
        private int first;

        private Reader(int rows) {
            try {
                channel = FileChannel.open(path, StandardOpenOption.READ);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open " + path, e);
            }
            bytes = ByteBuffer.allocateDirect(rows * dimension * Float.BYTES).order(ByteOrder.nativeOrder());
            floats = bytes.asFloatBuffer();
        }

        /**
         * Reads consecutive rows; {@link #row} gives them.
         *
         * @throws SearchInterruptedException if the thread is interrupted while it reads from the file. Its interrupt flag stays set, and this reader is closed
         */
        void load(int first, int count) {
            if (first + count <= MAPPED_ROWS) {
                loaded = mapped;
                this.first = 0;
                return;
            }
            loaded = floats;
            this.first = first;
            bytes.clear().limit(count * dimension * Float.BYTES);
            long position = (long) first * dimension * Float.BYTES;
            try {
                while (bytes.hasRemaining()) {
                    if (channel.read(bytes, position + bytes.position()) < 0) {
                        throw new IOException("it ends before row " + (first + count));
                    }
                }
            } catch (ClosedByInterruptException e) {
                throw new SearchInterruptedException(e);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + path, e);
            }
        }

        /** One of the rows that {@link #load} has read last. Valid until the next call. */
        QueryVector.Row row(int number) {
            row.copy(loaded, (number - first) * dimension);
            return row;
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close " + path, e);
            }
        }
    }
}
