package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.OpenFiles;
import dev.glimpse.vectors.VectorIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of rows, each part in files of its own. A row that is put again has its new values everywhere. So who goes on with kept files
 * has what they had when they were kept, if {@link #tornRows} are put again. One thread puts; what others may do, the parts say.
 */
final class RowFiles implements AutoCloseable {
    final VectorIndex vectors;
    final RowFile shown;
    final RowKeys keys;
    final RowLooks looks;
    final RowColumns columns;
    final WordIndex words;

    /**
     * Begins with empty files.
     *
     * @param folder on a local disk
     */
    RowFiles(Path folder, int dimension) {
        OpenFiles files = new OpenFiles();
        vectors = files.add(() -> new VectorIndex(folder, dimension));
        shown = files.add(() -> new RowFile(folder));
        keys = files.add(() -> new RowKeys(folder));
        looks = files.add(() -> new RowLooks(folder));
        columns = files.add(() -> new RowColumns(folder));
        words = files.add(() -> new WordIndex(folder));
    }

    /**
     * Goes on with files that were kept.
     *
     * @throws IOException if one is missing or too short
     */
    RowFiles(Path folder, int dimension, KeptInput from) throws IOException {
        OpenFiles files = new OpenFiles();
        vectors = files.add(() -> new VectorIndex(folder, dimension, from));
        shown = files.add(() -> new RowFile(from));
        keys = files.add(() -> new RowKeys(from));
        looks = files.add(() -> new RowLooks(from));
        columns = files.add(() -> new RowColumns(from));
        words = files.add(() -> new WordIndex(from));
    }

    /** Brings the files to the disk, and says how another process can go on with them. They stay from now on. */
    void keep(KeptOutput to) throws IOException {
        vectors.keep(to);
        shown.keep(to);
        keys.keep(to);
        looks.keep(to);
        columns.keep(to);
        words.keep(to);
    }

    /**
     * Puts a row.
     *
     * @param version that has written the row
     * @param vector null if the row has none; then an earlier one stays
     */
    void put(int id, long version, Picture row, float @Nullable [] vector, @Nullable Fingerprint look) {
        // First, so that it knows of all rows of which something was put.
        shown.write(id, version, row);
        if (vector != null) {
            vectors.replace(id, vector);
        }
        keys.put(id, ListPosition.of(row));
        columns.put(id, row);
        words.put(id, row);
        looks.put(id, look);
    }

    /**
     * Rows of which files that were kept may not have what they had then: those that were put since, and those whose words were removed since. To
     * be called before the first put.
     */
    BitSet tornRows() {
        BitSet rows = shown.rowsWrittenSince();
        rows.or(words.rowsRemovedSince());
        return rows;
    }

    /** Bytes of mapped files without the columns, and of the first codes on the heap. They have room for rows that are gone, too. */
    long codeBytes() {
        return vectors.codeBytes() + keys.mappedBytes() + looks.mappedBytes() + shown.mappedBytes();
    }

    /** Closes the files, and deletes those that were not kept. */
    @Override
    public void close() {
        // Also if one of them fails, as on a full disk.
        try (words;
                shown;
                columns;
                looks;
                keys) {
            vectors.close();
        }
    }
}
