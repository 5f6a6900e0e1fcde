package dev.glimpse.dataset;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * What hits show of rows, by row id, in a local file: some hundred bytes each, one read for a hit. Lance takes milliseconds for
 * the same ten rows, most of a search. A cache: it begins empty and is removed at the end. One thread writes; any number of
 * threads read what was written before they got to know of it.
 */
final class RowFile implements AutoCloseable {
    private static final int CHUNK_ROWS = 1 << 16;

    /** More than most rows have, so that one read does. */
    private static final int READ_BYTES = 1024;

    private final Path path;
    private final RandomAccessFile writer;
    // Not channels, which an interrupt would close.
    private final Queue<RandomAccessFile> idle = new ConcurrentLinkedQueue<>();

    /** Where each row begins. */
    private volatile List<long[]> starts = List.of();

    private long end;
    private volatile boolean closed;

    RowFile(Path folder) {
        try {
            path = Files.createTempFile(Files.createDirectories(folder), "rows", ".bin");
            writer = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep rows in " + folder, e);
        }
    }

    /** Keeps rows, whose distances do not matter, under their ids. */
    void put(long[] rowIds, List<Neighbor> rows) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            for (int i = 0; i < rowIds.length; i++) {
                chunk((int) rowIds[i])[(int) rowIds[i] % CHUNK_ROWS] = end + bytes.size();
                write(rows.get(i), out);
            }
            writer.seek(end);
            writer.write(bytes.toByteArray());
            end += bytes.size();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
    }

    private long[] chunk(int row) {
        if (row / CHUNK_ROWS >= starts.size()) {
            List<long[]> more = new ArrayList<>(starts);
            while (row / CHUNK_ROWS >= more.size()) {
                more.add(new long[CHUNK_ROWS]);
            }
            starts = List.copyOf(more);
        }
        return starts.get(row / CHUNK_ROWS);
    }

    /**
     * The rows of these hits, in their order.
     *
     * @throws IllegalStateException if this is closed
     */
    List<Neighbor> get(List<NearestRows.Hit> hits) {
        RandomAccessFile reader = idle.poll();
        try {
            if (reader == null) {
                reader = new RandomAccessFile(path.toFile(), "r");
            }
            List<Neighbor> neighbors = new ArrayList<>(hits.size());
            for (NearestRows.Hit hit : hits) {
                neighbors.add(read(reader, hit));
            }
            idle.add(reader);
            if (closed) {
                closeIdle();
            }
            return neighbors;
        } catch (IOException e) {
            if (closed) {
                throw new IllegalStateException("the rows are closed", e);
            }
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    private Neighbor read(RandomAccessFile reader, NearestRows.Hit hit) throws IOException {
        int row = (int) hit.rowId();
        reader.seek(starts.get(row / CHUNK_ROWS)[row % CHUNK_ROWS]);
        byte[] bytes = new byte[READ_BYTES];
        int count = Math.max(0, reader.read(bytes));
        while (true) {
            try {
                return read(new DataInputStream(new ByteArrayInputStream(bytes, 0, count)), hit.distance());
            } catch (EOFException e) {
                bytes = Arrays.copyOf(bytes, 4 * bytes.length);
                int more = reader.read(bytes, count, bytes.length - count);
                if (more < 0) {
                    throw e;
                }
                count += more;
            }
        }
    }

    private static void write(Neighbor row, DataOutputStream out) throws IOException {
        writeText(out, row.id());
        writeText(out, row.path());
        writeText(out, row.contentType());
        writeNumber(out, row.bytes());
        writeNumber(out, row.width());
        writeNumber(out, row.height());
        Instant uploadedAt = row.uploadedAt();
        writeNumber(out, uploadedAt == null ? null : uploadedAt.getEpochSecond());
        out.writeInt(uploadedAt == null ? 0 : uploadedAt.getNano());
        writeText(out, row.filename());
        writeText(out, row.caption());
        out.writeInt(row.tags().size());
        for (String tag : row.tags()) {
            writeText(out, tag);
        }
    }

    private static Neighbor read(DataInputStream in, float distance) throws IOException {
        String id = readText(in);
        String address = readText(in);
        String contentType = readText(in);
        Long bytes = readNumber(in);
        Long width = readNumber(in);
        Long height = readNumber(in);
        Long second = readNumber(in);
        int nano = in.readInt();
        String filename = readText(in);
        String caption = readText(in);
        List<String> tags = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            tags.add(String.valueOf(readText(in)));
        }
        return new Neighbor(
                String.valueOf(id),
                address,
                distance,
                contentType,
                bytes,
                width == null ? null : width.intValue(),
                height == null ? null : height.intValue(),
                second == null ? null : Instant.ofEpochSecond(second, nano),
                filename,
                caption,
                tags);
    }

    private static void writeText(DataOutputStream out, @Nullable String text) throws IOException {
        byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(text == null ? -1 : bytes.length);
        out.write(bytes);
    }

    private static @Nullable String readText(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void writeNumber(DataOutputStream out, @Nullable Number number) throws IOException {
        out.writeBoolean(number != null);
        out.writeLong(number == null ? 0 : number.longValue());
    }

    private static @Nullable Long readNumber(DataInputStream in) throws IOException {
        boolean there = in.readBoolean();
        long number = in.readLong();
        return there ? number : null;
    }

    /** Removes the file. Reads that run come to their end, later ones fail. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try (writer) {
                Files.deleteIfExists(path);
                closeIdle();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove " + path, e);
            }
        }
    }

    private void closeIdle() throws IOException {
        for (RandomAccessFile reader = idle.poll(); reader != null; reader = idle.poll()) {
            reader.close();
        }
    }
}
