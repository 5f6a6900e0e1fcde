package dev.glimpse.dataset;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a search found.
 *
 * @param neighbors nearest first
 * @param effort what it took
 */
public record Nearest(List<Neighbor> neighbors, Effort effort) {
    /** Copies the neighbors. */
    public Nearest {
        neighbors = List.copyOf(neighbors);
    }

    /** How rows are found. */
    public enum Method {
        /** The vectors of all rows are compared, in memory. */
        EXACT,
        /** Codes are compared in memory, finer codes of the best of these, and the vectors of the best of those. */
        CODES,
        /** By Lance's index. */
        INDEX,
        /** Lance compares the vectors of all rows. */
        SCAN,
        /** By the words that rows have. */
        WORDS;

        /** As answers call it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a search has looked at.
     *
     * @param version of the table that was searched
     * @param rows of that version that have a vector
     * @param passing those of them that pass the filter; null if Lance searched, which does not say it
     * @param compared rows whose vectors were compared in full precision; null if Lance searched
     * @param waiting rows that wait to be committed, of which all are compared
     */
    public record Effort(
            long version,
            Method method,
            long rows,
            @Nullable Long passing,
            @Nullable Long compared,
            int waiting) {
        /** Whether no row can have been missed. */
        public boolean exact() {
            return method == Method.EXACT || method == Method.SCAN;
        }
    }

    /**
     * This with the rows in memory.
     *
     * @param all what was found in table and memory
     * @param waiting rows in memory
     */
    public Nearest with(List<Neighbor> all, int waiting) {
        return new Nearest(
                all, new Effort(effort.version, effort.method, effort.rows, effort.passing, effort.compared, waiting));
    }
}
