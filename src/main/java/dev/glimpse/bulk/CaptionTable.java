package dev.glimpse.bulk;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Captions and tags of many pictures, in a CSV file as RFC 4180 says, in UTF-8. The first line names the columns: {@code file}, and
 * {@code caption}, {@code tags} or both; others are left alone. {@code file} is the name of a picture as its source has it: below the
 * folder, inside the archive, or as the list says it. Without a folder it stands for every picture of that name.
 *
 * <p>Holds 16 bytes for a row in memory and reads the row from the file when it is asked for. For all threads.
 */
final class CaptionTable implements AutoCloseable {
    /** More than any caption that servers keep. */
    private static final int LONGEST_FIELD = 64 << 10;

    private final RandomAccessFile file;
    private final Offsets offsets = new Offsets();
    private final int fileColumn;
    private final int captionColumn;
    private final int tagsColumn;

    /** @throws IOException if it cannot be read, or is no such table; the message says why */
    CaptionTable(Path path) throws IOException {
        file = new RandomAccessFile(path.toFile(), "r");
        try {
            Rows rows = new Rows(new BufferedInputStream(Channels.newInputStream(file.getChannel()), 64 << 10));
            List<String> header = rows.next();
            List<String> names = header.stream()
                    .map(name -> name.strip().replace("\ufeff", "").toLowerCase(Locale.ROOT))
                    .toList();
            fileColumn = names.indexOf("file");
            captionColumn = names.indexOf("caption");
            tagsColumn = names.indexOf("tags");
            if (fileColumn < 0 || (captionColumn < 0 && tagsColumn < 0)) {
                throw new IOException("its first line must name the columns file, and caption, tags or both: "
                        + String.join(",", names));
            }
            while (true) {
                long start = rows.position;
                List<String> row = rows.next();
                if (row.isEmpty()) {
                    break;
                }
                if (fileColumn < row.size() && !row.get(fileColumn).isBlank()) {
                    offsets.put(key(normal(row.get(fileColumn))), start);
                }
            }
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** What the table says of a picture; nothing if it has no row. */
    Notes find(String name) throws IOException {
        String normal = normal(name);
        Notes notes = of(normal);
        int folder = normal.lastIndexOf('/');
        return notes.isEmpty() && folder >= 0 ? of(normal.substring(folder + 1)) : notes;
    }

    private Notes of(String name) throws IOException {
        long start = offsets.get(key(name));
        if (start < 0) {
            return Notes.NONE;
        }
        List<String> row;
        synchronized (file) {
            file.seek(start);
            row = new Rows(new BufferedInputStream(Channels.newInputStream(file.getChannel()), 512)).next();
        }
        if (!normal(field(row, fileColumn)).equals(name)) {
            return Notes.NONE; // another name with the same key
        }
        return new Notes(
                field(row, captionColumn), List.of(field(row, tagsColumn).split(",", -1)));
    }

    private static String field(List<String> row, int column) {
        return column >= 0 && column < row.size() ? row.get(column) : "";
    }

    private static String normal(String name) {
        String text = name.strip();
        return text.startsWith("./") ? text.substring(2) : text;
    }

    private static long key(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Where the row of a key begins: a hash table without objects. The last row of a key counts. */
    private static final class Offsets {
        private long[] keys = new long[1 << 10];
        private long[] starts = new long[1 << 10]; // 0: free, as the header is there
        private int size;

        long get(long key) {
            int at = at(keys, starts, key);
            return starts[at] == 0 ? -1 : starts[at];
        }

        void put(long key, long start) {
            if (size * 2 > keys.length) {
                grow();
            }
            int at = at(keys, starts, key);
            if (starts[at] == 0) {
                size++;
            }
            keys[at] = key;
            starts[at] = start;
        }

        private void grow() {
            long[] moreKeys = new long[keys.length * 2];
            long[] moreStarts = new long[keys.length * 2];
            for (int i = 0; i < keys.length; i++) {
                if (starts[i] != 0) {
                    int at = at(moreKeys, moreStarts, keys[i]);
                    moreKeys[at] = keys[i];
                    moreStarts[at] = starts[i];
                }
            }
            keys = moreKeys;
            starts = moreStarts;
        }

        private static int at(long[] keys, long[] starts, long key) {
            int at = (int) key & (keys.length - 1);
            while (starts[at] != 0 && keys[at] != key) {
                at = (at + 1) & (keys.length - 1);
            }
            return at;
        }
    }

    /** Reads row after row, and knows where in the file it is. */
    private static final class Rows {
        private final InputStream in;
        private long position;

        Rows(InputStream in) {
            this.in = in;
        }

        private int read() throws IOException {
            int next = in.read();
            if (next >= 0) {
                position++;
            }
            return next;
        }

        /** The fields of the next row that is not empty; no field at the end of the file. */
        List<String> next() throws IOException {
            List<String> row = new ArrayList<>();
            ByteArrayOutputStream field = new ByteArrayOutputStream();
            boolean isQuoted = false;
            boolean wasQuoted = false; // behind the second quote, or between two that stand for one
            while (true) {
                int next = read();
                if (isQuoted && !wasQuoted && next >= 0) {
                    wasQuoted = next == '"';
                    if (!wasQuoted) {
                        add(field, next);
                    }
                } else if (wasQuoted && next == '"') {
                    add(field, next);
                    wasQuoted = false;
                } else if (next == '"' && field.size() == 0 && !isQuoted) {
                    isQuoted = true;
                } else if (next == ',' || next == '\n' || next < 0) {
                    boolean isEnd = next != ',';
                    row.add(text(field));
                    field.reset();
                    isQuoted = false;
                    wasQuoted = false;
                    if (isEnd && row.size() == 1 && row.get(0).isEmpty()) {
                        row.clear();
                    }
                    if (next < 0 || (isEnd && !row.isEmpty())) {
                        return row;
                    }
                } else if (next != '\r') {
                    add(field, next);
                }
            }
        }

        private static void add(ByteArrayOutputStream field, int next) throws IOException {
            if (field.size() >= LONGEST_FIELD) {
                throw new IOException("a field has more than " + LONGEST_FIELD + " bytes; is a quote missing?");
            }
            field.write(next);
        }

        private static String text(ByteArrayOutputStream field) {
            return field.toString(StandardCharsets.UTF_8);
        }
    }
}
