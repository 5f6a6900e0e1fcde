package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.Nearest.Effort;
import dev.glimpse.dataset.Nearest.Method;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ResultPageTest {
    private static final NearestQuery QUERY = new NearestQuery(new Embedding(new float[] {1, 0}), 1, false);
    private static final SearchCursor FIRST = SearchCursor.first(1, 2, Instant.EPOCH);

    private final Map<String, Double> rows = new HashMap<>();

    /** Finds rows as a table does: an approximate search misses every third row. Distances have some noise, which differs each time. */
    private Nearest search(NearestQuery query, Random random) {
        List<Neighbor> found = new ArrayList<>();
        rows.forEach((id, distance) -> {
            Neighbor neighbor = new Neighbor(picture(id), Math.max(0, distance + (random.nextDouble() - 0.5) * 1e-6));
            if (query.takes(neighbor) && (query.exact() || id.hashCode() % 3 != 0)) {
                found.add(neighbor);
            }
        });
        found.sort(Comparator.comparingDouble(Neighbor::distance));
        return new Nearest(
                found.subList(0, Math.min(query.k(), found.size())),
                new Effort(1, query.exact() ? Method.EXACT : Method.CODES, rows.size(), null, null, 0));
    }

    /** One of few, so that many rows have nearly the same one. */
    private static double distance(Random random, int distances) {
        return random.nextInt(distances) / 50.0 + random.nextInt(25) * 1e-6;
    }

    private static Picture picture(String id) {
        return new Picture(id, null, null, null, null, null, null, null, null, List.of());
    }

    @Property(tries = 200)
    void whateverStaysComesOnceWhileOthersComeAndGo(
            @ForAll long seed,
            @ForAll @IntRange(max = 300) int size,
            @ForAll @IntRange(min = 1, max = 70) int limit,
            @ForAll @IntRange(min = 1, max = 40) int distances,
            @ForAll boolean exact) {
        Random random = new Random(seed);
        rows.clear();
        for (int i = 0; i < size; i++) {
            rows.put("row-" + i, distance(random, distances));
        }
        Set<String> staying = new HashSet<>(rows.keySet());
        Set<String> apart = size == 0 ? Set.of() : Set.of("row-0");
        staying.removeAll(apart);
        List<String> found = new ArrayList<>();
        SearchCursor next = FIRST;
        int others = 50;

        while (next != null) {
            ResultPage page = ResultPage.ofNearest(
                    next, exact ? QUERY.exactly() : QUERY, apart, limit, query -> search(query, random));
            assertThat(page.hits()).hasSizeLessThanOrEqualTo(limit);
            found.addAll(ids(page));
            next = page.next() == null ? null : SearchCursor.parse(page.next().inText(), 2, Instant.EPOCH);
            if (others-- > 0) {
                rows.put("new-" + random.nextLong(), distance(random, distances));
            }
            String leaving = "row-" + random.nextInt(1 + size);
            rows.remove(leaving);
            staying.remove(leaving);
        }

        assertThat(found).doesNotHaveDuplicates().containsAll(staying).doesNotContain("row-0");
    }

    @Property(tries = 100)
    void rankingComesFirstAndThenWhatIsNearAndNothingTwice(
            @ForAll long seed, @ForAll @IntRange(max = 100) int size, @ForAll @IntRange(min = 1, max = 30) int limit) {
        Random random = new Random(seed);
        rows.clear();
        List<Hit> ranking = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            rows.put("row-" + i, random.nextInt(30) / 50.0);
            if (random.nextInt(3) == 0) {
                ranking.add(Hit.of(new Neighbor(picture("row-" + i), 1)));
            }
        }
        Effort effort = new Effort(1, Method.CODES, size, null, null, 0);
        List<String> found = new ArrayList<>();
        SearchCursor next = FIRST;

        while (next != null) {
            SearchCursor at = next;
            // Behind the ranking the distance says what has come.
            List<Hit> left = at.from() > 0 ? List.of() : ranking;
            ResultPage ranked = ResultPage.ofRanking(at, left, limit, effort);
            ResultPage page = ranked.next() != null
                    ? ranked
                    : ranked.filled(at, QUERY, Set.of(), limit, query -> search(query, random));
            found.addAll(ids(page));
            next = page.next();
        }

        assertThat(found).doesNotHaveDuplicates().hasSize(size);
        assertThat(found.subList(0, ranking.size()))
                .isEqualTo(ranking.stream().map(hit -> hit.picture().id()).toList());
    }

    private static List<String> ids(ResultPage page) {
        return page.hits().stream().map(hit -> hit.picture().id()).toList();
    }

    @Test
    void pagesEndAtTheDeepestPicture() {
        for (int i = 0; i < SearchCursor.DEEPEST + 500; i++) {
            rows.put("row-" + i, i / 10_000.0);
        }
        Random random = new Random(1);
        int found = 0;
        SearchCursor next = FIRST;

        while (next != null) {
            ResultPage page =
                    ResultPage.ofNearest(next, QUERY.exactly(), Set.of(), 999, query -> search(query, random));
            found += page.hits().size();
            next = page.next();
            assertThat(next == null ? 0 : next.seen().size()).isLessThan(10);
        }

        assertThat(found).isEqualTo(SearchCursor.DEEPEST);
    }
}
