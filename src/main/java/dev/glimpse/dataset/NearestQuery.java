package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import org.jspecify.annotations.Nullable;

/**
 * What a search asks of the table.
 *
 * @param vector what is looked for
 * @param k the most rows that are found, at least 1
 * @param exact whether every row is compared, also where an index or codes would be quicker
 * @param filter the search is among the rows that pass it
 * @param leastDistance rows that are nearer are not found; with more than 0 the search is exact
 * @param model fingerprint of the model that made the vector, whose vectors it is compared with; null for the one that is served
 */
public record NearestQuery(
        Embedding vector,
        int k,
        boolean exact,
        RowFilter filter,
        double leastDistance,
        @Nullable String model) {
    /** A query that goes on where another ended is exact. */
    public NearestQuery {
        exact |= leastDistance > 0;
    }

    /** A query from the nearest rows on. */
    public NearestQuery(Embedding vector, int k, boolean exact, RowFilter filter) {
        this(vector, k, exact, filter, 0, null);
    }

    /** A query among all rows. */
    public NearestQuery(Embedding vector, int k, boolean exact) {
        this(vector, k, exact, RowFilter.NONE);
    }

    /** This query for so many rows. */
    public NearestQuery withK(int rows) {
        return new NearestQuery(vector, rows, exact, filter, leastDistance, model);
    }

    /** This query, compared with every row. */
    public NearestQuery exactly() {
        return new NearestQuery(vector, k, true, filter, leastDistance, model);
    }

    /** This query from this distance on. */
    public NearestQuery from(double distance) {
        return new NearestQuery(vector, k, exact, filter, distance, model);
    }

    /** This query, whose vector this model made. */
    public NearestQuery of(@Nullable String fingerprint) {
        return new NearestQuery(vector, k, exact, filter, leastDistance, fingerprint);
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
