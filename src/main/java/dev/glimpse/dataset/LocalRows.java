package dev.glimpse.dataset;

import dev.glimpse.image.Embedding;
import java.util.List;

/** The rows of one version, for searches that ask neither Lance nor the bucket. Safe to share between threads. */
final class LocalRows {
    private final VectorMemory.View vectors;
    private final RowFile rows;
    private final int skipped;

    /** @param skipped rows that have no vector to be compared, and are not among these */
    LocalRows(VectorMemory.View vectors, RowFile rows, int skipped) {
        this.vectors = vectors;
        this.rows = rows;
        this.skipped = skipped;
    }

    /** Rows of the version that no search finds, because they have no vector. */
    int skipped() {
        return skipped;
    }

    VectorMemory.View vectors() {
        return vectors;
    }

    int size() {
        return vectors.size();
    }

    /** The {@code k} rows that are nearest, nearest first. */
    List<Neighbor> nearestExact(Embedding query, int k) {
        return rows.read(vectors.nearestExact(query.toArray(), k));
    }

    /**
     * The same, perhaps without some that are true neighbours.
     *
     * @param candidates whose vectors are read
     */
    List<Neighbor> nearest(Embedding query, int k, int candidates) {
        return rows.read(vectors.nearest(query.toArray(), k, candidates));
    }
}
