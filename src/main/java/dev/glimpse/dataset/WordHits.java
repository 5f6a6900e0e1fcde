package dev.glimpse.dataset;

import java.util.List;

/**
 * What words found.
 *
 * @param hits the best first
 * @param truncated whether there were more words than are looked for, so that the last ones were ignored
 */
public record WordHits(List<WordHit> hits, boolean truncated) {
    public WordHits {
        hits = List.copyOf(hits);
    }
}
