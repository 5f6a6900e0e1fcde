package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.Hit;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.MappedFile;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in a local file what answers show of rows, and in a mapped one where each row is, and of which version it is. It is a cache. Lance takes
 * about two milliseconds to find ten rows by their row ids, and this takes about 0.1 ms. {@link #close} deletes the files unless they were kept.
 * Safe for use by several threads.
 */
final class RowFile implements AutoCloseable {
    /** Bytes of the mapped file. */
    static final int BYTES_PER_ROW = 2 * Long.BYTES + Integer.BYTES;

    private static final int CHUNK_ROWS = Chunks.ROWS;

    private final Path path;

    /** Not a channel, because an interrupt would close it. Searches take turns at it, for some microseconds each. */
    private final RandomAccessFile file;

    private final MappedFile places;
    private List<@Nullable Chunk> chunks = List.of();
    private long end;
    private volatile boolean kept;

    /** The places of rows in the file, and the versions that have written them, by row id. */
    private static final class Chunk {
        private static final int BYTES = CHUNK_ROWS * BYTES_PER_ROW;

        private final LongBuffer starts;
        private final LongBuffer versions;
        private final IntBuffer lengths;

        private Chunk(ByteBuffer memory) {
            starts = Chunks.longs(memory);
            versions = Chunks.longs(memory);
            lengths = Chunks.ints(memory);
        }
    }

    /** @param folder on a local disk */
    RowFile(Path folder) {
        places = new MappedFile(folder, "places", Chunk.BYTES);
        try {
            path = Files.createTempFile(folder, "rows", ".bin");
            file = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            places.close();
            throw new UncheckedIOException("cannot keep rows in " + folder, e);
        }
    }

    /**
     * Goes on with files that were kept.
     *
     * @throws IOException if one is missing or too short
     */
    RowFile(KeptInput from) throws IOException {
        end = from.readLong();
        path = from.readFile(end);
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new RandomAccessFile(path.toFile(), "rw"));
        places = files.add(() -> new MappedFile(Chunk.BYTES, from));
        chunks = files.also(() -> Chunks.all(places, Chunk::new));
        kept = true;
    }

    /** Brings the files to the disk, and says how another process can go on with them. They stay from now on. The thread that writes calls it. */
    void keep(KeptOutput to) throws IOException {
        // It may take long, so searches are not to wait for it.
        file.getFD().sync();
        to.writeLong(end);
        to.writeName(path);
        places.keep(to);
        kept = true;
    }

    /**
     * Rows that an earlier process has written after it kept the files: their places survive it, and lie beyond the end that it kept. To be called
     * before the first write.
     */
    synchronized BitSet rowsWrittenSince() {
        BitSet rows = new BitSet();
        long[] starts = new long[CHUNK_ROWS];
        for (int number = 0; number < chunks.size(); number++) {
            Chunk chunk = chunks.get(number);
            if (chunk != null) {
                chunk.starts.get(0, starts);
                for (int i = 0; i < CHUNK_ROWS; i++) {
                    if (starts[i] >= end) {
                        rows.set(number * CHUNK_ROWS + i);
                    }
                }
            }
        }
        return rows;
    }

    /**
     * Writes what answers show of this row.
     *
     * @param version that has written the row
     */
    void write(int row, long version, Picture shown) {
        byte[] bytes = PictureBytes.of(shown);
        synchronized (this) {
            chunks = Chunks.reaching(row, chunks, number -> new Chunk(places.chunk(number)));
            try {
                file.seek(end);
                file.write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write " + path, e);
            }
            Chunk chunk = Chunks.of(row, chunks);
            chunk.starts.put(row % CHUNK_ROWS, end);
            chunk.versions.put(row % CHUNK_ROWS, version);
            chunk.lengths.put(row % CHUNK_ROWS, bytes.length);
            end += bytes.length;
        }
    }

    /** The version that has written what is here of this row, which must have been written. */
    synchronized long version(int row) {
        return Chunks.of(row, chunks).versions.get(row % CHUNK_ROWS);
    }

    /** Reads the rows of these hits, in the order of the hits. They must have been written. */
    List<Neighbor> read(List<Hit> hits) {
        List<Picture> rows =
                readRows(hits.stream().map(hit -> (int) hit.rowId()).toList());
        List<Neighbor> neighbors = new ArrayList<>(hits.size());
        for (int i = 0; i < hits.size(); i++) {
            neighbors.add(new Neighbor(rows.get(i), hits.get(i).distance()));
        }
        neighbors.sort(Comparator.comparingDouble(Neighbor::distance).thenComparing(Neighbor::id));
        return neighbors;
    }

    /** Reads these rows, in their order. They must have been written. */
    List<Picture> readRows(List<Integer> rows) {
        List<byte[]> written = new ArrayList<>(rows.size());
        synchronized (this) {
            rows.forEach(row -> written.add(read(row)));
        }
        return written.stream().map(PictureBytes::picture).toList();
    }

    private byte[] read(int row) {
        Chunk chunk = Chunks.of(row, chunks);
        byte[] bytes = new byte[chunk.lengths.get(row % CHUNK_ROWS)];
        try {
            file.seek(chunk.starts.get(row % CHUNK_ROWS));
            file.readFully(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
        return bytes;
    }

    /** Bytes of the mapped file with the places. Any thread may ask. */
    long mappedBytes() {
        return places.bytes();
    }

    /** Closes the files, and deletes them unless they were kept; later reads fail. */
    @Override
    public synchronized void close() {
        try (file;
                places) {
            if (!kept) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }
}
