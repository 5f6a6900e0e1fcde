package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.Hit;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Keeps in a local file what answers show of rows. It is a cache: it begins empty and is removed at the end. Lance takes about two
 * milliseconds to find ten rows by their row ids, and this takes about 0.1 ms. Safe for use by several threads.
 */
final class RowFile implements AutoCloseable {
    private static final int CHUNK_ROWS = 1 << 16;

    private final Path path;

    /** Not a channel, because an interrupt would close it. Searches take turns at it, for some microseconds each. */
    private final RandomAccessFile file;

    private final List<Chunk> chunks = new ArrayList<>();
    private long end;

    /** The places of rows in the file, by row id. */
    private static final class Chunk {
        private final long[] starts = new long[CHUNK_ROWS];
        private final int[] lengths = new int[CHUNK_ROWS];
    }

    RowFile(Path folder) {
        try {
            path = Files.createTempFile(Files.createDirectories(folder), "rows", ".bin");
            file = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep rows in " + folder, e);
        }
    }

    /** Writes what answers show of this row. */
    void write(int row, Picture shown) {
        byte[] bytes = PictureBytes.of(shown);
        synchronized (this) {
            while (row / CHUNK_ROWS >= chunks.size()) {
                chunks.add(new Chunk());
            }
            try {
                file.seek(end);
                file.write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write " + path, e);
            }
            Chunk chunk = chunks.get(row / CHUNK_ROWS);
            chunk.starts[row % CHUNK_ROWS] = end;
            chunk.lengths[row % CHUNK_ROWS] = bytes.length;
            end += bytes.length;
        }
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
        Chunk chunk = chunks.get(row / CHUNK_ROWS);
        byte[] bytes = new byte[chunk.lengths[row % CHUNK_ROWS]];
        try {
            file.seek(chunk.starts[row % CHUNK_ROWS]);
            file.readFully(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
        return bytes;
    }

    /** Removes the file; later reads fail. */
    @Override
    public synchronized void close() {
        try (file) {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }
}
