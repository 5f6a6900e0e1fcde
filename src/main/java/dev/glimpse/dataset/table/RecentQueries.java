package dev.glimpse.dataset.table;

import dev.glimpse.vectors.Embedding;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The last 32 or so queries, as samples of what is searched for. Safe for use by several threads. */
public final class RecentQueries {
    private static final int MOST = 32;

    private final Queue<Embedding> queries = new ConcurrentLinkedQueue<>();

    void add(Embedding query) {
        queries.add(query);
        if (queries.size() > MOST) {
            queries.poll();
        }
    }

    public List<Embedding> list() {
        return List.copyOf(queries);
    }
}
