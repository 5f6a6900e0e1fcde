package dev.glimpse.dataset;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The table as this server knows it, from metadata alone.
 *
 * @param path as configured: {@code s3://bucket/...} or a folder
 * @param committedRows rows of the version
 * @param pendingRows rows that wait for the next commit
 * @param version of the Lance dataset
 * @param fragments of that version
 * @param bytes of its data files
 * @param columns name to type, in the table's order
 * @param reading where searches look
 * @param model that the table says it was made with; null if it says nothing
 * @param problem why no row can be added, null if one can
 */
public record TableState(
        String path,
        long committedRows,
        long pendingRows,
        long version,
        long fragments,
        long bytes,
        Map<String, String> columns,
        List<IndexState> indices,
        Reading reading,
        @Nullable ModelStamp model,
        @Nullable String problem) {

    /** Where the table is read. */
    public enum Reading {
        /** On this machine. */
        LOCAL,
        /** In the bucket, as long as its files are on their way here, or for good if they are not to be copied. */
        BUCKET;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * An index of the table.
     *
     * @param type as Lance calls it: {@code IVF_FLAT}
     * @param metric {@code cosine}, {@code l2} or {@code dot}
     * @param partitions 0 if the index has none
     * @param unindexedRows rows that came later; searches scan them
     */
    public record IndexState(
            String name, String type, String metric, int partitions, long indexedRows, long unindexedRows) {

        /** The same index of a table with so many rows. */
        IndexState of(long rows) {
            return new IndexState(name, type, metric, partitions, indexedRows, rows - indexedRows);
        }
    }
}
