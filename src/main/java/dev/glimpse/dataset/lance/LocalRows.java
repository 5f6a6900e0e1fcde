package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Oversampling;
import dev.glimpse.vectors.SearchInterruptedException;
import dev.glimpse.vectors.VectorView;
import java.util.List;
import java.util.function.Supplier;

/** Searches the rows of one version without Lance and without the bucket. Safe for use by several threads. */
public final class LocalRows {
    private final VectorView vectors;
    private final RowFile rows;
    private final int skipped;

    /** @param skipped number of rows of the version that have no vector and are not among these rows */
    LocalRows(VectorView vectors, RowFile rows, int skipped) {
        this.vectors = vectors;
        this.rows = rows;
        this.skipped = skipped;
    }

    /** The number of rows of the version that no search finds, because they have no vector. */
    public int skipped() {
        return skipped;
    }

    public VectorView vectors() {
        return vectors;
    }

    int size() {
        return vectors.size();
    }

    /**
     * Finds the {@code k} nearest rows, nearest first.
     *
     * @throws TableBusyException if the thread is interrupted
     */
    List<Neighbor> nearestExact(Embedding query, int k) {
        return rows.read(search(() -> vectors.nearestExact(query.toArray(), k)));
    }

    /**
     * Finds at most {@code k} near rows, nearest first. One of the true nearest rows may be missing.
     *
     * @param candidates number of rows whose full vectors are compared
     * @throws TableBusyException if the thread is interrupted
     */
    public List<Neighbor> nearest(Embedding query, int k, int candidates) {
        return rows.read(search(() -> vectors.nearest(query.toArray(), k, candidates)));
    }

    /**
     * Measures how many candidates a search needs to reach the recall; see {@link Oversampling#calibrate}.
     *
     * @throws TableBusyException if the thread is interrupted
     */
    Oversampling calibrate(List<Embedding> queries, int k, double recall) {
        List<float[]> arrays = queries.stream().map(Embedding::toArray).toList();
        return search(() -> Oversampling.calibrate(vectors, arrays, k, recall));
    }

    private static <T> T search(Supplier<T> search) {
        try {
            return search.get();
        } catch (SearchInterruptedException e) {
            throw new TableBusyException("interrupted while reading vectors");
        }
    }
}
