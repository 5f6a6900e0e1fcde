package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.RowFilter;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one text of each row for filters, folded, in a local file: texts can be long, and are looked at only when somebody filters
 * by them. Each record has the row id, the number of bytes or -1 for none, and the text in UTF-8. A row that is put again has a record
 * more, and the last one counts.
 *
 * <p>One thread puts rows; any number of threads may look at the rows that had been put when they got the {@link View}.
 */
final class RowTexts implements AutoCloseable {
    private static final int HEADER = 2 * Integer.BYTES;

    /** What is read at once, unless a text is longer. */
    private static final int BLOCK = 1 << 18;

    /** Bytes of records that wait until they are written. */
    private static final int WAITING = 1 << 16;

    private final Path path;

    /** Not a channel, because an interrupt would close it. */
    private final RandomAccessFile file;

    /** Records that are not in the file yet. */
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();

    /** Where the records end that are in the file. What comes after it is the rest of a write that failed. */
    private long end;

    private boolean kept;

    RowTexts(Path folder) {
        try {
            path = Files.createTempFile(Files.createDirectories(folder), "texts", ".utf8");
            file = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep texts in " + folder, e);
        }
    }

    /**
     * Goes on with a file that was kept.
     *
     * @throws IOException if it is missing or too short
     */
    RowTexts(KeptInput from) throws IOException {
        end = from.readLong();
        path = from.readFile(end);
        file = new RandomAccessFile(path.toFile(), "rw");
        kept = true;
    }

    /** Brings the file to the disk, and says how another process can go on with it. It stays from now on. */
    void keep(KeptOutput to) throws IOException {
        flush();
        file.getFD().sync();
        to.writeLong(end);
        to.writeName(path);
        kept = true;
    }

    /** Adds the text of a row, or replaces it. */
    void put(int row, @Nullable String text) {
        byte[] bytes = text == null ? new byte[0] : RowFilter.Text.fold(text).getBytes(StandardCharsets.UTF_8);
        waiting.writeBytes(ByteBuffer.allocate(HEADER)
                .putInt(row)
                .putInt(text == null ? -1 : bytes.length)
                .array());
        waiting.writeBytes(bytes);
        if (waiting.size() >= WAITING) {
            flush();
        }
    }

    private void flush() {
        try {
            file.seek(end);
            file.write(waiting.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
        end += waiting.size();
        waiting.reset();
    }

    View view() {
        flush();
        return new View(path, end);
    }

    /** Closes the file, and deletes it unless it was kept; then views fail. */
    @Override
    public void close() {
        try (file) {
            if (!kept) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }

    /** The texts that had been put at one moment. Safe for use by several threads. */
    static final class View {
        private final Path path;
        private final long end;

        private View(Path path, long end) {
            this.path = path;
            this.end = end;
        }

        /** Finds the rows whose text is like this. Reads the texts of all rows. */
        BitSet matching(RowFilter.Text text) {
            byte[] prefix = text.prefix().getBytes(StandardCharsets.UTF_8);
            byte[] contains = text.contains().getBytes(StandardCharsets.UTF_8);
            BitSet found = new BitSet();
            byte[] block = new byte[BLOCK];
            int filled = 0;
            long left = end;
            // Not a channel, because an interrupt would close it.
            try (InputStream in = new FileInputStream(path.toFile())) {
                while (left > 0) {
                    int count = in.read(block, filled, (int) Math.min(left, block.length - filled));
                    if (count < 0) {
                        throw new EOFException("it ends " + left + " bytes too early");
                    }
                    left -= count;
                    filled += count;
                    int at = 0;
                    ByteBuffer records = ByteBuffer.wrap(block);
                    while (filled - at >= HEADER) {
                        int length = records.getInt(at + Integer.BYTES);
                        int start = at + HEADER;
                        int next = start + Math.max(0, length);
                        if (next > filled) {
                            break;
                        }
                        found.set(
                                records.getInt(at),
                                length >= 0
                                        && isAt(block, start, next, prefix)
                                        && contains(block, start, next, contains));
                        at = next;
                    }
                    filled -= at;
                    System.arraycopy(block, at, block, 0, filled);
                    if (filled == block.length) {
                        block = Arrays.copyOf(block, 2 * filled);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + path, e);
            }
            return found;
        }

        private static boolean contains(byte[] text, int start, int end, byte[] part) {
            if (part.length == 0) {
                return true;
            }
            byte first = part[0];
            for (int at = start; at <= end - part.length; at++) {
                if (text[at] == first && isAt(text, at, end, part)) {
                    return true;
                }
            }
            return false;
        }

        private static boolean isAt(byte[] text, int at, int end, byte[] part) {
            return end - at >= part.length && Arrays.equals(text, at, at + part.length, part, 0, part.length);
        }
    }
}
