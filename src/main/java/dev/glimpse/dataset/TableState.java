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
 * @param search how approximate searches look
 * @param maintenance what there is to be done, and is
 * @param model that the table says it was made with; null if it says nothing
 * @param skippedRows that no search finds, because they have no vector, or one without a direction; known where the table is searched
 *     in memory
 * @param pictureBytes of the committed pictures; null where the table is not in memory
 * @param problem why no row can be added, null if one can
 * @param warning what else is not as it should be, null if nothing is
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
        SearchState search,
        MaintenanceState maintenance,
        @Nullable ModelStamp model,
        long skippedRows,
        @Nullable Long pictureBytes,
        @Nullable String problem,
        @Nullable String warning) {

    /** Rows that this server knows, committed or waiting. */
    public long rows() {
        return committedRows + pendingRows;
    }

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
     * How searches look, and the share of the ten true neighbours that they were measured to find; null if it was not.
     *
     * @param mode {@code exact}; {@code codes}, in memory; or {@code index}, by Lance
     * @param candidates rows that are compared again by finer codes, of those that the codes find
     * @param share of the rows whose codes are compared, from 0 to 1; 1 as long as they are not in partitions
     * @param nprobes partitions of Lance's index
     * @param ef width of the search in its graphs, 0 if it has none
     * @param refine distances that are computed exactly for each hit, 0 if none
     */
    public record SearchState(
            String mode,
            int candidates,
            double share,
            @Nullable Double recall,
            int nprobes,
            int ef,
            int refine,
            @Nullable Double indexRecall) {
        public static final SearchState NONE = new SearchState("exact", 0, 1, null, 0, 0, 0, null);
    }

    /**
     * The table's debt.
     *
     * @param smallFragments of fewer than 4,096 rows
     * @param unindexedRows that an index does not have; 0 without one
     * @param deletedRows whose values are still in files
     * @param working what is being done
     * @param failure what could not be done last time
     */
    public record MaintenanceState(
            long smallFragments,
            long unindexedRows,
            long deletedRows,
            @Nullable String working,
            @Nullable String failure) {
        public static final MaintenanceState NONE = new MaintenanceState(0, 0, 0, null, null);
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

        /** Describes this index in a table that has this number of rows. */
        public IndexState of(long rows) {
            return new IndexState(name, type, metric, partitions, indexedRows, rows - indexedRows);
        }
    }
}
