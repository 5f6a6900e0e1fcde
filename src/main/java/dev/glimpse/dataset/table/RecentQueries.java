package dev.glimpse.dataset.table;

import dev.glimpse.vectors.Embedding;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** The last 32 or so queries, as samples of what is searched for. Safe for use by several threads. */
public final class RecentQueries {
    private static final int MOST = 32;

    private record Query(@Nullable String model, Embedding vector) {}

    private final Queue<Query> queries = new ConcurrentLinkedQueue<>();

    /** @param model fingerprint of the model that made the vector; null for the only one that there is */
    void add(Embedding query, @Nullable String model) {
        queries.add(new Query(model, query));
        if (queries.size() > MOST) {
            queries.poll();
        }
    }

    /** Those of this model. */
    public List<Embedding> of(String model) {
        return queries.stream()
                .filter(query -> query.model == null || query.model.equals(model))
                .map(Query::vector)
                .toList();
    }
}
