package dev.glimpse.search;

import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A page of the pictures near a query.
 *
 * @param neighbors nearest first
 * @param next where the page after this one begins; null if there is none
 * @param effort what it took
 */
record ResultPage(List<Neighbor> neighbors, @Nullable SearchCursor next, Nearest.Effort effort) {
    /**
     * Distances that differ by less are taken for equal. The float32 arithmetic of the table, of rows that wait, of Lance and of different
     * processors differs by 0.000001 at most.
     */
    private static final float SAME = 1e-5f;

    /**
     * Finds a page. The first one may be approximate. Those after it are exact, and also have what the first has missed.
     *
     * @param at the page begins here
     * @param query of which the number of rows and the distance do not count
     * @param apart ids of pictures that are not wanted
     * @param limit pictures of the page
     * @param table finds rows
     */
    static ResultPage of(
            SearchCursor at, NearestQuery query, Set<String> apart, int limit, Function<NearestQuery, Nearest> table) {
        int room = Math.min(limit, SearchCursor.DEEPEST - at.given());
        // One more, which tells whether there is another page.
        int k = room + 1 + apart.size() + at.seen().size();
        Nearest found = table.apply(
                new NearestQuery(query.vector(), k, query.exact() || !at.isFirst(), query.filter(), at.from()));
        List<Neighbor> more = found.neighbors().stream()
                .filter(neighbor -> !apart.contains(neighbor.id()) && !at.has(neighbor.id()))
                .toList();
        List<Neighbor> page = more.subList(0, Math.min(room, more.size()));
        boolean isLast = more.size() <= room || at.given() + room == SearchCursor.DEEPEST;
        return new ResultPage(page, isLast ? null : after(at, found, page), found.effort());
    }

    private static SearchCursor after(SearchCursor at, Nearest found, List<Neighbor> page) {
        double last = page.get(page.size() - 1).distance();
        float from = found.effort().exact() ? Math.max(at.from(), (float) last - SAME) : 0;
        Set<Long> seen = new HashSet<>(at.seen());
        for (Neighbor neighbor : found.neighbors()) {
            if (neighbor.distance() < from) {
                seen.remove(SearchCursor.print(neighbor.id()));
            }
        }
        for (Neighbor neighbor : page) {
            if (neighbor.distance() >= from) {
                seen.add(SearchCursor.print(neighbor.id()));
            }
        }
        return new SearchCursor(at.query(), at.model(), at.made(), at.given() + page.size(), from, seen);
    }
}
