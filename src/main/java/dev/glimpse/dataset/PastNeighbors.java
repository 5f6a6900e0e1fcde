package dev.glimpse.dataset;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a search of the table's past found.
 *
 * @param version that was searched; null if it is not kept any more and today's rows were searched instead
 * @param complete whether rows are there that have been deleted since: with a version they are
 */
public record PastNeighbors(@Nullable Long version, boolean complete, Nearest nearest) {
    /** Nearest first. */
    public List<Neighbor> neighbors() {
        return nearest.neighbors();
    }
}
