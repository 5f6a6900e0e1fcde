package dev.glimpse.dataset.words;

import dev.glimpse.dataset.WordQuery;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.MultiReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.search.CollectorManager;
import org.apache.lucene.search.FieldDoc;
import org.apache.lucene.search.FilterCollector;
import org.apache.lucene.search.FilterLeafCollector;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.TopFieldCollector;
import org.apache.lucene.search.TopFieldCollectorManager;
import org.apache.lucene.search.TopFieldDocs;

/**
 * Searches several indexes as if they were one, so that their scores can be compared. Rows with more of the words come first; among those
 * with as many, a word as it is written before a longer one, and that before one that is a letter away; then by BM25, then the newest.
 */
public final class WordSearch {
    private static final Sort ORDER = new Sort(
            SortField.FIELD_SCORE,
            new SortField(WordIndex.MICROS, SortField.Type.LONG, true),
            new SortField(WordIndex.ROW, SortField.Type.LONG));

    private WordSearch() {}

    /**
     * An index, and the rows of it that may be found.
     *
     * @param rows not to be changed
     */
    public record Part(WordReader reader, BitSet rows) {}

    /**
     * A row that was found.
     *
     * @param part the place of its part, from 0 on
     */
    public record Found(int part, int row) {}

    /** How many words of these texts are looked for; further ones are ignored. */
    public static boolean takesAll(List<String> texts) {
        return WordQueries.words(texts).size() <= Words.MOST;
    }

    /** At most {@code k} rows, the best first. */
    public static List<Found> search(List<Part> parts, WordQuery query) {
        try {
            IndexReader[] readers =
                    parts.stream().map(part -> part.reader.index()).toArray(IndexReader[]::new);
            // Closes none of the parts.
            IndexSearcher searcher = new IndexSearcher(new MultiReader(readers, false));
            searcher.setQueryCache(null);
            Query asked = new WordQueries(searcher).of(query);
            TopFieldDocs found = searcher.search(asked, new Among(parts, query.k()));
            return found(found, parts, searcher);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the index of words", e);
        }
    }

    private static List<Found> found(TopFieldDocs docs, List<Part> parts, IndexSearcher searcher) {
        List<Found> found = new ArrayList<>();
        for (ScoreDoc doc : docs.scoreDocs) {
            int leaf = ReaderUtil.subIndex(doc.doc, searcher.getLeafContexts());
            Object row = ((FieldDoc) doc).fields[2];
            found.add(new Found(partOf(leaf, parts), ((Long) row).intValue()));
        }
        return found;
    }

    /** The leaves of the parts follow each other. */
    private static int partOf(int leaf, List<Part> parts) {
        int first = 0;
        for (int i = 0; i < parts.size(); i++) {
            first += parts.get(i).reader.index().leaves().size();
            if (leaf < first) {
                return i;
            }
        }
        throw new IllegalArgumentException("no part has leaf " + leaf);
    }

    /** Finds the best rows among those that may be found. */
    private static final class Among implements CollectorManager<FilterCollector, TopFieldDocs> {
        private final List<Part> parts;
        private final TopFieldCollectorManager best;
        private final List<TopFieldCollector> collectors = new ArrayList<>();

        Among(List<Part> parts, int k) {
            this.parts = parts;
            this.best = new TopFieldCollectorManager(ORDER, k, null, k);
        }

        @Override
        public FilterCollector newCollector() throws IOException {
            TopFieldCollector collector = best.newCollector();
            collectors.add(collector);
            return new FilterCollector(collector) {
                @Override
                public LeafCollector getLeafCollector(LeafReaderContext context) throws IOException {
                    BitSet among = parts.get(partOf(context.ord, parts)).rows;
                    NumericDocValues rows = context.reader().getNumericDocValues(WordIndex.ROW);
                    return new FilterLeafCollector(super.getLeafCollector(context)) {
                        @Override
                        public void collect(int doc) throws IOException {
                            if (rows.advanceExact(doc) && among.get((int) rows.longValue())) {
                                super.collect(doc);
                            }
                        }
                    };
                }
            };
        }

        @Override
        public TopFieldDocs reduce(Collection<FilterCollector> ignored) throws IOException {
            return best.reduce(collectors);
        }
    }
}
