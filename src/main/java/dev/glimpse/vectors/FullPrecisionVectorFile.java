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
 * Vectors in a file, one after another, float32 in the order of this machine. A cache: it begins empty and is removed at
 * the end. One thread writes; each thread that reads has a reader of its own, because an interrupt closes the channel that
 * it meets. All but the first rows are read, not mapped: mapped pages would count as this process's memory.
 */
final class FullPrecisionVectorFile implements AutoCloseable {
    /** Mapped: 32 MB for 512 dimensions. Tables of so few rows are searched exactly, and reading costs more than computing. */
    private static final int MAPPED_ROWS = 1 << 14;

    private final Path path;
    private final int dimension;
    private final FloatBuffer mapped;
    // Not a channel, so an interrupt of the writer closes nothing.
    private final RandomAccessFile writer;
    private final ByteBuffer written;

    FullPrecisionVectorFile(Path folder, int dimension) {
        this.dimension = dimension;
        written = ByteBuffer.allocate(dimension * Float.BYTES).order(ByteOrder.nativeOrder());
        try {
            path = Files.createTempFile(Files.createDirectories(folder), "vectors", ".f32");
            writer = new RandomAccessFile(path.toFile(), "rw");
            mapped = writer.getChannel()
                    .map(FileChannel.MapMode.READ_WRITE, 0, (long) MAPPED_ROWS * written.capacity())
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep vectors in " + folder, e);
        }
    }

    void write(int row, float[] vector) {
        written.asFloatBuffer().put(vector);
        try {
            writer.seek((long) row * written.capacity());
            writer.write(written.array());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
    }

    Reader reader(int rows) {
        return new Reader(rows);
    }

    /** Readers that are open can go on. */
    @Override
    public void close() {
        try (writer) {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }

    /** Reads up to so many rows at once into the same memory, again and again. Not safe to share. */
    final class Reader implements AutoCloseable {
        private final FileChannel channel;
        private final ByteBuffer bytes;
        private final FloatBuffer floats;
        private final float[] vectors;

        private Reader(int rows) {
            try {
                channel = FileChannel.open(path, StandardOpenOption.READ);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open " + path, e);
            }
            bytes = ByteBuffer.allocateDirect(rows * dimension * Float.BYTES).order(ByteOrder.nativeOrder());
            floats = bytes.asFloatBuffer();
            vectors = new float[rows * dimension];
        }

        /**
         * Rows that follow each other, that many times the dimension; valid until the next call.
         *
         * @throws SearchInterruptedException if the thread is interrupted; it stays so, and this reader is of no more use
         */
        float[] read(int first, int count) {
            if (first + count <= MAPPED_ROWS) {
                mapped.get(first * dimension, vectors, 0, count * dimension);
                return vectors;
            }
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
            floats.get(0, vectors, 0, count * dimension);
            return vectors;
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
