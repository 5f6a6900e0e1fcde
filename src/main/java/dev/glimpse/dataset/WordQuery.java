package dev.glimpse.dataset;

import dev.glimpse.vectors.Embedding;
import java.util.List;

/**
 * What words a search asks of the table.
 *
 * @param texts whose words are looked for
 * @param without texts: rows are left out that have all words of one
 * @param match which of the words a row needs
 * @param vector that distances are to
 * @param k the most rows that are found, at least 1
 * @param filter the search is among the rows that pass it
 */
public record WordQuery(
        List<String> texts, List<String> without, Match match, Embedding vector, int k, RowFilter filter) {
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
}
