package dev.glimpse.dataset;

import java.util.List;

/**
 * What words found.
 *
 * @param hits the best first
 * @param truncated whether there were more words than are looked for, so that the last ones were ignored
 * @param effort what it took
 */
public record WordHits(List<WordHit> hits, boolean truncated, Nearest.Effort effort) {
    public WordHits {
        hits = List.copyOf(hits);
    }
}
