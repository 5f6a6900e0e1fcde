package dev.glimpse.dataset.words;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.SearcherManager;

/** Reads a {@link WordIndex} as it was when this was made. */
public final class WordReader implements AutoCloseable {
    private final SearcherManager searchers;
    private final IndexSearcher searcher;

    WordReader(SearcherManager searchers) throws IOException {
        this.searchers = searchers;
        this.searcher = searchers.acquire();
    }

    IndexReader index() {
        return searcher.getIndexReader();
    }

    @Override
    public void close() {
        try {
            searchers.release(searcher);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close a reader of words", e);
        }
    }
}
