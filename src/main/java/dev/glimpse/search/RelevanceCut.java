package dev.glimpse.search;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out hits that are less relevant than was asked for, but for those that words found.
 *
 * @param relevance of hits by their distance; null if it is not known, and then nothing is left out
 * @param least relevance of a hit; null for none
 * @param note why nothing is left out, though it was asked for; null if that does not happen
 */
record RelevanceCut(
        Relevance.@Nullable OfText relevance,
        @Nullable Double least,
        @Nullable String note) {
    /** These hits with their relevance, and without those that have too little. */
    List<Hit> of(List<Hit> hits) {
        Relevance.OfText known = relevance;
        if (known == null) {
            return hits;
        }
        return hits.stream()
                .map(hit -> hit.with(known))
                .filter(hit -> least == null || !hit.isLessRelevantThan(least))
                .toList();
    }

    /**
     * A page with the relevance of its hits, and without those that have too little. A page that loses some has no next one, as all later
     * hits are farther.
     */
    ResultPage of(ResultPage page) {
        List<Hit> kept = of(page.hits());
        return new ResultPage(kept, kept.size() < page.hits().size() ? null : page.next(), page.effort());
    }
}
