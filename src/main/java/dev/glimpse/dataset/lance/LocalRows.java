package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Oversampling;
import dev.glimpse.vectors.SearchInterruptedException;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Searches the rows of one version without Lance and without the bucket. Safe for use by several threads. */
public final class LocalRows {
    private final VectorView vectors;
    private final RowKeys.View keys;
    private final RowFile rows;
    private final int skipped;

    /**
     * @param vectors of the rows that have one
     * @param keys of all rows
     * @param skipped number of rows of the version that have no vector
     */
    LocalRows(VectorView vectors, RowKeys.View keys, RowFile rows, int skipped) {
        this.vectors = vectors;
        this.keys = keys;
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

    /** The first {@code k} pictures after this position, the newest first; of all pictures if the position is null. */
    List<Picture> newest(@Nullable ListPosition after, int k) {
        return rows.readRows(
                keys.first(after, k, row -> rows.readRows(List.of(row)).get(0).id()));
    }

    /** The vector of this picture. Empty if the version has no such row, or no vector in it. */
    Optional<Embedding> vectorOf(ImageId id) {
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(id.toString(), candidates::add);
        return candidates.stream()
                .filter(row -> rows.readRows(List.of(row)).get(0).id().equals(id.toString()))
                .flatMap(row -> search(() -> vectors.vector(row)).stream())
                .map(Embedding::ofDirection)
                .findFirst();
    }

    /** The picture with this id. Empty if the version has no such row. */
    Optional<Picture> find(ImageId id) {
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(id.toString(), candidates::add);
        return rows.readRows(candidates).stream()
                .filter(picture -> picture.id().equals(id.toString()))
                .findFirst();
    }

    private static <T> T search(Supplier<T> search) {
        try {
            return search.get();
        } catch (SearchInterruptedException e) {
            throw new TableBusyException("interrupted while reading vectors");
        }
    }
}
