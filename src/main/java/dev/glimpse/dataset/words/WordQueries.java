package dev.glimpse.dataset.words;

import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordQuery.Match;
import dev.glimpse.dataset.words.Words.Word;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.DisjunctionMaxQuery;
import org.apache.lucene.search.FuzzyQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.MultiTermQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/** Makes queries of words. No text is ever read as a query language. */
final class WordQueries {
    /** A shorter word is another word when a letter changes. */
    private static final int TYPO_LETTERS = 4;

    /** A shorter word begins nearly all others. */
    private static final int PREFIX_LETTERS = 2;

    /** In a search that is sure, words of so many letters are hardly ever a letter away from others, or begin them. */
    private static final int SURE_LETTERS = 6;

    /** More than BM25 gives a word: idf is below 15 for a million rows, and frequency gives 2.2 times that at most. */
    private static final float MOST_BM25 = 33;

    private final IndexSearcher searcher;

    WordQueries(IndexSearcher searcher) {
        this.searcher = searcher;
    }

    /**
     * A word that is looked for.
     *
     * @param last whether it is the last one of its text, so that it may go on
     */
    record Sought(Word word, boolean last) {}

    /** The words of these texts, each once, whatever its ending. Stop words are there only if there are no others. */
    static List<Sought> words(List<String> texts) {
        Map<String, Sought> all = new LinkedHashMap<>();
        Map<String, Sought> telling = new LinkedHashMap<>();
        for (String text : texts) {
            List<Word> words = Words.of(text);
            for (int i = 0; i < words.size(); i++) {
                Sought sought = new Sought(words.get(i), i == words.size() - 1);
                add(sought, all);
                if (!Words.isStopWord(sought.word)) {
                    add(sought, telling);
                }
            }
        }
        return List.copyOf((telling.isEmpty() ? all : telling).values());
    }

    private static void add(Sought sought, Map<String, Sought> words) {
        words.merge(sought.word.stem(), sought, (one, again) -> again.last ? again : one);
    }

    Query of(WordQuery query) throws IOException {
        List<Sought> words = words(query.texts());
        if (words.isEmpty()) {
            return new MatchNoDocsQuery();
        }
        List<Sought> taken = words.subList(0, Math.min(words.size(), Words.MOST));
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        Tiers tiers = new Tiers(taken.size());
        for (Sought sought : taken) {
            all.add(query.match() == Match.ANY ? tiers.any(sought) : best(sought, tiers), Occur.SHOULD);
        }
        int needed = query.match() == Match.ANY ? 1 : (2 * taken.size() + 2) / 3;
        all.setMinimumNumberShouldMatch(needed);
        for (String text : query.without()) {
            Query every = every(text);
            all.add(every, Occur.MUST_NOT);
        }
        return all.build();
    }

    /** All words of a text, as they are written. */
    private static Query every(String text) {
        List<Sought> words = words(List.of(text));
        if (words.isEmpty()) {
            return new MatchNoDocsQuery();
        }
        BooleanQuery.Builder every = new BooleanQuery.Builder();
        words.stream().limit(Words.MOST).forEach(sought -> every.add(new TermQuery(stem(sought.word)), Occur.FILTER));
        return every.build();
    }

    /** The surest way in which any row has the word. */
    private Query best(Sought sought, Tiers tiers) throws IOException {
        if (sought.word.letters() < SURE_LETTERS || exists(new TermQuery(stem(sought.word)))) {
            return tiers.exact(sought.word);
        }
        List<Query> others = tiers.others(sought);
        for (Query other : others) {
            if (exists(other)) {
                return other;
            }
        }
        return tiers.exact(sought.word);
    }

    private boolean exists(Query query) throws IOException {
        return searcher.search(new ConstantScoreQuery(query), 1).scoreDocs.length > 0;
    }

    private static Term stem(Word word) {
        return new Term(WordIndex.WORDS, word.stem());
    }

    /**
     * Scores of a word. All words of a query together add less by BM25 than the way in which one of them is there, and all ways together
     * less than one word more.
     */
    private static final class Tiers {
        private final float step;
        private final float found;

        Tiers(int words) {
            step = MOST_BM25 * words;
            found = step * (2 * words + 1);
        }

        Query any(Sought sought) {
            List<Query> ways = new ArrayList<>(others(sought));
            ways.add(exact(sought.word));
            return ways.size() == 1 ? ways.get(0) : new DisjunctionMaxQuery(ways, 0);
        }

        Query exact(Word word) {
            TermQuery there = new TermQuery(stem(word));
            return new BooleanQuery.Builder()
                    .add(there, Occur.SHOULD)
                    .add(constant(there, found + 2 * step), Occur.SHOULD)
                    .build();
        }

        /** The less sure ways, the surer first. */
        List<Query> others(Sought sought) {
            List<Query> others = new ArrayList<>();
            Term written = new Term(WordIndex.WORDS, sought.word.written());
            if (sought.last && sought.word.letters() >= PREFIX_LETTERS) {
                others.add(constant(new PrefixQuery(written), found + step));
            }
            if (sought.word.letters() >= TYPO_LETTERS && sought.word.isOfLetters()) {
                Query typo = new FuzzyQuery(
                        written,
                        1,
                        0,
                        FuzzyQuery.defaultMaxExpansions,
                        true,
                        MultiTermQuery.CONSTANT_SCORE_BLENDED_REWRITE);
                others.add(constant(typo, found));
            }
            return others;
        }

        private static Query constant(Query query, float score) {
            return new BoostQuery(new ConstantScoreQuery(query), score);
        }
    }
}
