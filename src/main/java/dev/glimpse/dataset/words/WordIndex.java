package dev.glimpse.dataset.words;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.SearcherFactory;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.BytesRef;
import org.springframework.util.FileSystemUtils;

/**
 * Keeps the words of rows in local files. It is derived from the table: it begins empty and is removed at the end.
 *
 * <p>A row is known by a number of its owner. One thread puts and removes rows; any number of threads may read.
 */
public final class WordIndex implements AutoCloseable {
    static final String WORDS = "words";
    static final String ROW = "row";
    static final String MICROS = "micros";
    private static final String KEY = "key";

    /** Rows wait in memory until they take this. */
    private static final double BUFFER_MB = 16;

    private static final FieldType WORD_TYPE = new FieldType();

    static {
        WORD_TYPE.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
        WORD_TYPE.setTokenized(true);
        WORD_TYPE.freeze();
    }

    private final Path folder;
    private final Directory directory;
    private final IndexWriter writer;
    private final SearcherManager searchers;

    /** Rows that have words. */
    private final BitSet present = new BitSet();

    private volatile long diskBytes;

    /** @param parent on a local disk */
    public WordIndex(Path parent) {
        try {
            folder = Files.createTempDirectory(Files.createDirectories(parent), "words");
            directory = new MMapDirectory(folder);
            writer = new IndexWriter(
                    directory,
                    new IndexWriterConfig(Words.OF_ROWS)
                            .setRAMBufferSizeMB(BUFFER_MB)
                            // Merges of all rows take a second or two, and threads of Lucene would outlive a table that
                            // is given up.
                            .setMergeScheduler(new SerialMergeScheduler())
                            .setCommitOnClose(false));
            searchers = new SearcherManager(writer, new SearcherFactory());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep words in " + parent, e);
        }
    }

    /** Adds the words of a row, or replaces them. They are found after the next {@link #refresh}. */
    public void put(int row, Picture picture) {
        List<String> texts = texts(picture);
        try {
            if (texts.isEmpty()) {
                remove(row);
                return;
            }
            Document document = new Document();
            document.add(new StringField(KEY, key(row), Field.Store.NO));
            document.add(new NumericDocValuesField(ROW, row));
            document.add(
                    new NumericDocValuesField(MICROS, ListPosition.of(picture).micros()));
            for (String text : texts) {
                document.add(new Field(WORDS, Words.folded(text), WORD_TYPE));
            }
            if (present.get(row)) {
                writer.updateDocument(new Term(KEY, key(row)), document);
            } else {
                // Looks for no older one, which takes long.
                writer.addDocument(document);
            }
            present.set(row);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep words in " + folder, e);
        }
    }

    private static List<String> texts(Picture picture) {
        List<String> texts = new ArrayList<>(picture.tags());
        if (picture.caption() != null) {
            texts.add(picture.caption());
        }
        if (picture.filename() != null) {
            texts.add(picture.filename());
        }
        return texts;
    }

    /** Removes all rows but these. They are found until the next {@link #refresh}. */
    public void retain(BitSet rows) {
        BitSet gone = (BitSet) present.clone();
        gone.andNot(rows);
        try {
            for (int row = gone.nextSetBit(0); row >= 0; row = gone.nextSetBit(row + 1)) {
                remove(row);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep words in " + folder, e);
        }
    }

    private void remove(int row) throws IOException {
        if (present.get(row)) {
            writer.deleteDocuments(new Term(KEY, key(row)));
            present.clear(row);
        }
    }

    private static BytesRef key(int row) {
        return new BytesRef(ByteBuffer.allocate(Integer.BYTES).putInt(row).array());
    }

    /** Readers that are made from now on find what was put, and not what was removed. */
    public void refresh() {
        try {
            searchers.maybeRefreshBlocking();
            diskBytes = sizeOfFiles();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read words in " + folder, e);
        }
    }

    private long sizeOfFiles() throws IOException {
        long size = 0;
        for (String file : directory.listAll()) {
            try {
                size += directory.fileLength(file);
            } catch (IOException e) {
                // A merge has just removed it.
            }
        }
        return size;
    }

    /** Reads what was found after the last {@link #refresh}, also while rows are put. To be closed by the caller. */
    public WordReader reader() {
        try {
            return new WordReader(searchers);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read words in " + folder, e);
        }
    }

    /** Whether it cannot be written any more: a write has failed, as of a full disk. What was found before is found further. */
    public boolean isBroken() {
        return !writer.isOpen();
    }

    /** Bytes of the heap that rows take which are not in files yet. */
    public long heapBytes() {
        return writer.isOpen() ? writer.ramBytesUsed() : 0;
    }

    /** Bytes of all files, as of the last {@link #refresh}. */
    public long diskBytes() {
        return diskBytes;
    }

    /** Removes the files; later reads fail. */
    @Override
    public void close() {
        try (directory;
                writer;
                searchers) {
            writer.rollback();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the words in " + folder, e);
        } finally {
            removeFiles();
        }
    }

    private void removeFiles() {
        try {
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
