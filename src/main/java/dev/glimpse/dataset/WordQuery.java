package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What words a search asks of the table.
 *
 * @param texts whose words are looked for
 * @param without texts: rows are left out that have all words of one
 * @param match which of the words a row needs
 * @param vector that distances are to; null for no distances
 * @param model fingerprint of the model that made the vector; null for the one that is served
 * @param k the most rows that are found, at least 1
 * @param filter the search is among the rows that pass it
 */
public record WordQuery(
        List<String> texts,
        List<String> without,
        Match match,
        @Nullable Embedding vector,
        int k,
        RowFilter filter,
        @Nullable String model) {
    /** Which rows are found. */
    public enum Match {
        /** Those that have a word, or one that begins with the last word, or is a letter away. */
        ANY,

        /**
         * Those that have two thirds of the words at least. Other words that begin with the last word, or are a letter away, count only
         * if it is long and no row has it as it is written.
         */
        MOST
    }

    public WordQuery {
        texts = List.copyOf(texts);
        without = List.copyOf(without);
    }

    /** A query with a vector of the model that is served. */
    public WordQuery(List<String> texts, List<String> without, Match match, Embedding vector, int k, RowFilter filter) {
        this(texts, without, match, vector, k, filter, null);
    }

    /** This query without distances, for rows whose vectors another model made. */
    public WordQuery withoutVector() {
        return new WordQuery(texts, without, match, null, k, filter, model);
    }
}
