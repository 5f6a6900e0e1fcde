package dev.glimpse.search;

import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A page of what a search found.
 *
 * @param hits the best first
 * @param next where the page after this one begins; null if there is none
 * @param effort what it took
 */
record ResultPage(List<Hit> hits, @Nullable SearchCursor next, Nearest.Effort effort) {
    /**
     * Distances that differ by less are taken for equal. The float32 arithmetic of the table, of rows that wait, of Lance and of different
     * processors differs by 0.000001 at most.
     */
    private static final float SAME = 1e-5f;

    /**
     * A page of a ranking.
     *
     * @param at the page begins here
     * @param ranking the best first, from the first page on
     * @param limit pictures of the page
     * @param effort what the ranking took
     */
    static ResultPage ofRanking(SearchCursor at, List<Hit> ranking, int limit, Nearest.Effort effort) {
        int room = room(at, limit);
        List<Hit> more =
                ranking.stream().filter(hit -> !at.has(hit.picture().id())).toList();
        List<Hit> page = more.subList(0, Math.min(room, more.size()));
        boolean isLast = more.size() <= room || isDeepest(at, room);
        return new ResultPage(page, isLast ? null : after(at, page), effort);
    }

    /**
     * This page, the last of a ranking, filled up with the pictures that are near.
     *
     * @param at this page begins here
     */
    ResultPage filled(
            SearchCursor at, NearestQuery query, Set<String> apart, int limit, Function<NearestQuery, Nearest> table) {
        if (isDeepest(at, hits.size())) {
            return this;
        }
        ResultPage rest = ofNearest(after(at, hits), query, apart, limit - hits.size(), table);
        return new ResultPage(Stream.concat(hits.stream(), rest.hits.stream()).toList(), rest.next, rest.effort);
    }

    private static int room(SearchCursor at, int limit) {
        return Math.min(limit, SearchCursor.DEEPEST - at.given());
    }

    private static boolean isDeepest(SearchCursor at, int room) {
        return at.given() + room == SearchCursor.DEEPEST;
    }

    /** Behind these pictures, of which the distances say nothing. */
    private static SearchCursor after(SearchCursor at, List<Hit> page) {
        Set<Long> seen = new HashSet<>(at.seen());
        page.forEach(hit -> seen.add(SearchCursor.print(hit.picture().id())));
        return new SearchCursor(at.query(), at.model(), at.made(), at.given() + page.size(), at.from(), seen);
    }

    /**
     * Finds a page of the pictures near a query. The first one may be approximate. Those after it are exact, and also have what the first has missed.
     *
     * @param at the page begins here
     * @param query of which the number of rows and the distance do not count
     * @param apart ids of pictures that are not wanted
     * @param limit pictures of the page
     * @param table finds rows
     */
    static ResultPage ofNearest(
            SearchCursor at, NearestQuery query, Set<String> apart, int limit, Function<NearestQuery, Nearest> table) {
        int room = room(at, limit);
        // One more, which tells whether there is another page.
        int k = room + 1 + apart.size() + at.seen().size();
        NearestQuery page = (at.isFirst() ? query : query.exactly()).withK(k).from(at.from());
        Nearest found = table.apply(page);
        if (!found.effort().exact() && found.neighbors().size() < k) {
            // There are no more, or it has missed some, which no page would bring.
            found = table.apply(page.exactly());
        }
        List<Neighbor> more = found.neighbors().stream()
                .filter(neighbor -> !apart.contains(neighbor.id()) && !at.has(neighbor.id()))
                .toList();
        List<Neighbor> shown = more.subList(0, Math.min(room, more.size()));
        boolean isLast = more.size() <= room || isDeepest(at, room);
        return new ResultPage(
                shown.stream().map(Hit::of).toList(), isLast ? null : after(at, found, shown), found.effort());
    }

    private static SearchCursor after(SearchCursor at, Nearest found, List<Neighbor> page) {
        if (page.isEmpty()) {
            return at;
        }
        double last = page.get(page.size() - 1).distance();
        float from = found.effort().exact() ? Math.max(at.from(), (float) last - SAME) : 0;
        Set<Long> seen = new HashSet<>(at.seen());
        for (Neighbor neighbor : found.neighbors()) {
            // A picture just before the rim may come again, when its distance is computed elsewhere.
            if (neighbor.distance() < from - SAME) {
                seen.remove(SearchCursor.print(neighbor.id()));
            }
        }
        for (Neighbor neighbor : page) {
            if (neighbor.distance() >= from - SAME) {
                seen.add(SearchCursor.print(neighbor.id()));
            }
        }
        return new SearchCursor(at.query(), at.model(), at.made(), at.given() + page.size(), from, seen);
    }
}
