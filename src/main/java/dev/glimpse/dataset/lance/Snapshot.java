package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.TableState.IndexState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.index.IndexDescription;

/**
 * One version of the table, open for reading. Immutable, so any thread may read it between {@link #acquire} and {@link #release}; the
 * last release closes the native dataset. Metadata is read once, when the version is opened, and needs no native call later.
 */
public final class Snapshot {
    private final Dataset dataset;
    private final boolean local;
    private final AtomicInteger users;
    private final Manifest manifest;
    private final List<IndexState> indices;
    private final @Nullable LocalRows rows;

    /**
     * Owns the dataset from now on, also if this fails. The caller has acquired the snapshot.
     *
     * @param local whether the files of the version are on this machine
     * @param known the models that this server has
     */
    public Snapshot(Dataset dataset, boolean local, KnownModels known) {
        this.dataset = dataset;
        this.local = local;
        this.users = new AtomicInteger(1);
        this.rows = null;
        try {
            manifest = Manifest.of(dataset, known);
            indices = dataset.describeIndices().stream().map(this::indexState).toList();
        } catch (RuntimeException e) {
            dataset.close();
            throw e;
        }
    }

    private Snapshot(Snapshot other, @Nullable LocalRows rows) {
        this.dataset = other.dataset;
        this.local = other.local;
        this.users = other.users;
        this.manifest = other.manifest;
        this.indices = other.indices;
        this.rows = rows;
    }

    /**
     * Makes a snapshot of this version that has these rows in memory, and takes the place of this snapshot: whoever had acquired this one
     * has acquired the new one instead. Both share the dataset, so readers of this one are not disturbed.
     */
    Snapshot with(@Nullable LocalRows ready) {
        return new Snapshot(this, ready);
    }

    /** Keeps the dataset open until {@link #release}. False if it is closed already: then a newer version is current. */
    public boolean acquire() {
        return users.getAndUpdate(n -> n == 0 ? 0 : n + 1) > 0;
    }

    public void release() {
        if (users.decrementAndGet() == 0) {
            dataset.close();
        }
    }

    boolean isClosed() {
        return users.get() == 0;
    }

    public Dataset dataset() {
        return dataset;
    }

    public boolean isLocal() {
        return local;
    }

    public Manifest manifest() {
        return manifest;
    }

    /** The rows of the version in memory; null if it must be searched by Lance, as long as they are not ready or for good. */
    public @Nullable LocalRows rows() {
        return rows;
    }

    public long version() {
        return manifest.version();
    }

    public List<IndexState> indices() {
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
