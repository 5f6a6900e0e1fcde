package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.RowFilter;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one text of each row for filters, folded, in a temporary local file: texts can be long, and are looked at only when somebody filters
 * by them. Each record has the row id, the number of bytes or -1 for none, and the text in UTF-8. A row that is put again has a record
 * more, and the last one counts.
 *
 * <p>One thread puts rows; any number of threads may look at the rows that had been put when they got the {@link View}.
 */
final class RowTexts implements AutoCloseable {
    private static final int HEADER = 2 * Integer.BYTES;

    /** What is read at once, unless a text is longer. */
    private static final int BLOCK = 1 << 18;

    private final Path path;
    private final FileOutputStream bytes;

    /** Writes to it with a buffer. */
    private final DataOutputStream file;

    private long end;

    RowTexts(Path folder) {
        try {
            path = Files.createTempFile(Files.createDirectories(folder), "texts", ".utf8");
            bytes = new FileOutputStream(path.toFile());
            file = new DataOutputStream(new BufferedOutputStream(bytes, 1 << 16));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep texts in " + folder, e);
        }
    }

    /** Adds the text of a row, or replaces it. */
    void put(int row, @Nullable String text) {
        byte[] folded = text == null ? new byte[0] : RowFilter.Text.fold(text).getBytes(StandardCharsets.UTF_8);
        try {
            file.writeInt(row);
            file.writeInt(text == null ? -1 : folded.length);
            file.write(folded);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
        end += HEADER + folded.length;
    }

    View view() {
        try {
            file.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
        return new View(path, end);
    }

    /** Removes the file; views fail from then on. */
    @Override
    public void close() {
        // What is in the buffer is not written any more: on a full disk that would fail.
        try (bytes) {
            Files.deleteIfExists(path);
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
