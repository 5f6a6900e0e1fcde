package dev.glimpse.search;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes one list of two by reciprocal rank fusion: a hit counts {@code 1 / (60 + rank)} for each list that has it (Cormack, Clarke and
 * Büttcher, SIGIR 2009).
 */
final class Fusion {
    /** Hits of each list that count, at least. */
    static final int DEPTH = 100;

    private static final int RANK_CONSTANT = 60;

    private record Ranked(Hit hit, double score) {}

    private static final Comparator<Ranked> BEST_FIRST = Comparator.comparingDouble(Ranked::score)
            .reversed()
            .thenComparing(ranked -> ranked.hit().distance(), Comparator.nullsLast(Comparator.<Double>naturalOrder()))
            .thenComparing(ranked -> ranked.hit().picture().id());

    private Fusion() {}

    /** The hits of both lists, the best first; of those that count as much, the nearest first. */
    static List<Hit> of(List<Hit> byVector, List<Hit> byText) {
        Map<String, Ranked> ranked = new LinkedHashMap<>();
        add(byVector, ranked);
        add(byText, ranked);
        return ranked.values().stream().sorted(BEST_FIRST).map(Ranked::hit).toList();
    }

    private static void add(List<Hit> hits, Map<String, Ranked> ranked) {
        for (int i = 0; i < hits.size(); i++) {
            Hit hit = hits.get(i);
            double score = 1.0 / (RANK_CONSTANT + i + 1);
            ranked.merge(
                    hit.picture().id(),
                    new Ranked(hit, score),
                    (one, other) -> new Ranked(one.hit.byBoth(), one.score + other.score));
        }
    }
}
