package dev.glimpse.dataset.words;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.io.SyncFailedException;
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
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.SearcherFactory;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.Version;
import org.springframework.util.FileSystemUtils;

/**
 * Keeps the words of rows in local files, which are derived from the table. {@link #close} deletes them unless they were kept.
 *
 * <p>A row is known by a number of its owner. One thread puts and removes rows; any number of threads may read.
 */
public final class WordIndex implements AutoCloseable {
    /** Files of another format cannot be gone on with. */
    public static final String FORMAT = "Lucene " + Version.LATEST;

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
    private final BitSet present;

    private volatile long diskBytes;

    private boolean kept;

    /** Rows that had words when they were kept, and have none in the files. */
    private final BitSet removedSince = new BitSet();

    /** @param parent on a local disk */
    public WordIndex(Path parent) {
        try {
            folder = Files.createTempDirectory(Files.createDirectories(parent), "words");
            OpenFiles files = new OpenFiles();
            directory = files.add(() -> new MMapDirectory(folder));
            writer = files.add(() -> new IndexWriter(directory, settings(IndexWriterConfig.OpenMode.CREATE)));
            searchers = files.add(() -> new SearcherManager(writer, new SearcherFactory()));
            present = new BitSet();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep words in " + parent, e);
        }
    }

    /**
     * Goes on with files that were kept. Words that were put or removed since then may be there or not.
     *
     * @throws IOException if one is missing or cannot be read
     */
    public WordIndex(KeptInput from) throws IOException {
        folder = from.readName();
        OpenFiles files = new OpenFiles();
        directory = files.add(() -> new MMapDirectory(folder));
        writer = files.add(() -> new IndexWriter(directory, settings(IndexWriterConfig.OpenMode.APPEND)));
        searchers = files.add(() -> new SearcherManager(writer, new SearcherFactory()));
        kept = true;
        present = files.also(this::rowsInFiles);
        removedSince.or(files.also(from::readBits));
        removedSince.andNot(present);
    }

    private static IndexWriterConfig settings(IndexWriterConfig.OpenMode mode) {
        return new IndexWriterConfig(Words.OF_ROWS)
                .setOpenMode(mode)
                .setRAMBufferSizeMB(BUFFER_MB)
                // Merges of all rows take a second or two, and threads of Lucene would outlive a table that is given
                // up.
                .setMergeScheduler(new SerialMergeScheduler())
                .setCommitOnClose(false);
    }

    /** What was committed is what the files have, whatever else was kept with them. */
    private BitSet rowsInFiles() throws IOException {
        BitSet found = new BitSet();
        try (WordReader reader = reader()) {
            for (LeafReaderContext leaf : reader.index().leaves()) {
                NumericDocValues rows = leaf.reader().getNumericDocValues(ROW);
                Bits live = leaf.reader().getLiveDocs();
                while (rows != null && rows.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                    if (live == null || live.get(rows.docID())) {
                        found.set((int) rows.longValue());
                    }
                }
            }
        }
        return found;
    }

    /**
     * Brings to the disk what was put and removed, and says how another process can go on with it. It stays from now on. The thread that puts
     * rows calls this.
     *
     * @throws SyncFailedException if the files could not be brought to the disk: what came since the last time may be lost
     */
    public void keep(KeptOutput to) throws IOException {
        try {
            writer.commit();
        } catch (IOException e) {
            SyncFailedException failure = new SyncFailedException("cannot keep words in " + folder);
            failure.initCause(e);
            throw failure;
        }
        to.writeName(folder);
        to.writeBits(present);
        kept = true;
    }

    /** Rows that had words when an earlier process kept them, and whose words it has removed since. The caller owns the result. */
    public BitSet rowsRemovedSince() {
        return (BitSet) removedSince.clone();
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

    /** Closes the files, and deletes them unless they were kept; later reads fail. */
    @Override
    public void close() {
        try (directory;
                writer;
                searchers) {
            writer.rollback();
        } catch (IOException e) {
            // Who removes the folder before, wants nothing else.
            if (Files.exists(folder)) {
                throw new UncheckedIOException("cannot close the words in " + folder, e);
            }
        } finally {
            if (!kept) {
                removeFiles();
            }
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
