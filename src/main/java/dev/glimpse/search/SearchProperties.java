package dev.glimpse.search;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a search may ask for.
 *
 * @param textLength characters of a query, 1 or more. The default is far beyond any model's context; it bounds the work of the
 *     tokenizer
 * @param limit results of one search, 10 to 10,000: evaluations look at the first ten
 */
@ConfigurationProperties("glimpse.search")
record SearchProperties(
        @DefaultValue("1000") int textLength,
        @DefaultValue("1000") int limit) {
    private static final int FEWEST = RankingQuality.DEPTH;
    private static final int MOST = 10_000;

    SearchProperties {
        if (textLength < 1) {
            throw new IllegalArgumentException("glimpse.search.text-length must be at least 1: " + textLength);
        }
        if (limit < FEWEST || limit > MOST) {
            throw new IllegalArgumentException("glimpse.search.limit must be " + FEWEST + " to " + MOST + ": " + limit);
        }
    }
}
