package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;

/**
 * What a search asks of the table.
 *
 * @param vector what is looked for
 * @param k the most rows that are found, at least 1
 * @param exact whether every row is compared, also where an index or codes would be quicker
 * @param filter the search is among the rows that pass it
 * @param leastDistance rows that are nearer are not found; with more than 0 the search is exact
 */
public record NearestQuery(Embedding vector, int k, boolean exact, RowFilter filter, double leastDistance) {
    /** A query that goes on where another ended is exact. */
    public NearestQuery {
        exact |= leastDistance > 0;
    }

    /** A query from the nearest rows on. */
    public NearestQuery(Embedding vector, int k, boolean exact, RowFilter filter) {
        this(vector, k, exact, filter, 0);
    }

    /** A query among all rows. */
    public NearestQuery(Embedding vector, int k, boolean exact) {
        this(vector, k, exact, RowFilter.NONE);
    }

    /** This query for so many rows. */
    public NearestQuery withK(int rows) {
        return new NearestQuery(vector, rows, exact, filter, leastDistance);
    }

    /** This query, compared with every row. */
    public NearestQuery exactly() {
        return new NearestQuery(vector, k, true, filter, leastDistance);
    }

    /** Whether the nearest of all rows are asked for, whatever they say. */
    public boolean takesAll() {
        return filter.isNone() && leastDistance <= 0;
    }

    /** Whether a row is one that is asked for, if there are not {@link #k} nearer ones. */
    public boolean takes(Neighbor neighbor) {
        return neighbor.distance() >= leastDistance && filter.matches(neighbor.picture());
    }
}
