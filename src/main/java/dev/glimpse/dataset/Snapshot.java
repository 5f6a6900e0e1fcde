package dev.glimpse.dataset;

import dev.glimpse.dataset.TableState.IndexState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.index.IndexDescription;

/**
 * One version of the table, open for reading. Searches borrow it; the last one to give it back after it was replaced
 * closes it. What metadata says is read once, here, so that nobody asks the native side for it again.
 */
final class Snapshot {
    private final Dataset dataset;
    private final boolean local;
    private final AtomicInteger users = new AtomicInteger(1);
    private final Manifest manifest;
    private final List<IndexState> indices;
    private volatile @Nullable LocalRows rows;

    /**
     * Takes over the dataset: it is closed with the last user, or here if it cannot be read.
     *
     * @param local whether its files are on this machine
     * @param dimension of the embeddings of this server's model
     */
    Snapshot(Dataset dataset, boolean local, int dimension) {
        this.dataset = dataset;
        this.local = local;
        try {
            manifest = Manifest.of(dataset, dimension);
            indices = dataset.describeIndices().stream().map(this::indexState).toList();
        } catch (RuntimeException e) {
            dataset.close();
            throw e;
        }
    }

    /** False if it is closed already: then a newer one is current. */
    boolean acquire() {
        return users.getAndUpdate(n -> n == 0 ? 0 : n + 1) > 0;
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            dataset.close();
        }
    }

    boolean isClosed() {
        return users.get() == 0;
    }

    Dataset dataset() {
        return dataset;
    }

    boolean isLocal() {
        return local;
    }

    Manifest manifest() {
        return manifest;
    }

    /** Null as long as they are not ready to be searched. */
    @Nullable LocalRows rows() {
        return rows;
    }

    void rows(@Nullable LocalRows ready) {
        rows = ready;
    }

    long version() {
        return manifest.version();
    }

    List<IndexState> indices() {
        return indices;
    }

    private IndexState indexState(IndexDescription index) {
        Object first =
                dataset.getIndexStatistics(index.getName()).get("indices") instanceof List<?> parts && !parts.isEmpty()
                        ? parts.get(0)
                        : Map.of();
        Map<?, ?> details = first instanceof Map<?, ?> map ? map : Map.of();
        return new IndexState(
                index.getName(),
                index.getIndexType(),
                text(details.get("metric_type")),
                details.get("num_partitions") instanceof Number partitions ? partitions.intValue() : 0,
                index.getRowsIndexed(),
                manifest.rows() - index.getRowsIndexed());
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }
}
