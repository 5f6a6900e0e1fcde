package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;

/**
 * What a search asks of the table.
 *
 * @param vector what is looked for
 * @param k the most rows that are found, at least 1
 * @param exact whether every row is compared, also where an index or codes would be quicker
 * @param filter the search is among the rows that pass it
 */
public record NearestQuery(Embedding vector, int k, boolean exact, RowFilter filter) {
    /** A query among all rows. */
    public NearestQuery(Embedding vector, int k, boolean exact) {
        this(vector, k, exact, RowFilter.NONE);
    }

    /** This query for so many rows. */
    public NearestQuery withK(int rows) {
        return new NearestQuery(vector, rows, exact, filter);
    }

    /** This query, compared with every row. */
    public NearestQuery exactly() {
        return new NearestQuery(vector, k, true, filter);
    }
}
