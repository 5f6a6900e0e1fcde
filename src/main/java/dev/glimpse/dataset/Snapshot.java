package dev.glimpse.dataset;

import dev.glimpse.dataset.TableState.IndexState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.ManifestSummary;
import org.lance.index.IndexDescription;

/**
 * One version of the table, open for reading. Searches borrow it; the last one to give it back after it was replaced
 * closes it. What metadata says is read once, here, so that nobody asks the native side for it again.
 */
final class Snapshot {
    private final Dataset dataset;
    private final AtomicInteger users = new AtomicInteger(1);
    private final long version;
    private final ManifestSummary summary;
    private final List<String> readable;
    private final Map<String, String> columns;
    private final Map<String, String> metadata;
    private final List<IndexState> indices;

    /** Takes over the dataset: it is closed with the last user, or here if it cannot be read. */
    Snapshot(Dataset dataset) {
        this.dataset = dataset;
        try {
            version = dataset.version();
            summary = dataset.getVersion().getManifestSummary();
            readable = Columns.readable(dataset.getSchema());
            columns = Columns.describe(dataset.getSchema());
            metadata = Map.copyOf(dataset.getTableMetadata());
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

    Dataset dataset() {
        return dataset;
    }

    long version() {
        return version;
    }

    long rows() {
        return summary.getTotalRows();
    }

    long fragments() {
        return summary.getTotalFragments();
    }

    long bytes() {
        return summary.getTotalFilesSize();
    }

    List<String> readable() {
        return readable;
    }

    Map<String, String> columns() {
        return columns;
    }

    Map<String, String> metadata() {
        return metadata;
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
                rows() - index.getRowsIndexed());
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }
}
