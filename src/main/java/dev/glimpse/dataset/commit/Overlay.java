package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a search adds to the rows of the version that is read, and what it leaves out, as it was at one moment. Never changes, so any
 * thread may search it, without a lock.
 */
public final class Overlay {
    /** A row of the memory, and its distance to the query. */
    private record Candidate(PictureRow row, int index, double distance) {}

    /** The worst first: the larger distance or, among equal ones, the row that came later. */
    private static final Comparator<Candidate> WORST_FIRST = Comparator.comparingDouble(Candidate::distance)
            .thenComparingInt(Candidate::index)
            .reversed();

    private final @Nullable PictureRow[] rows;
    private final int size;
    private final Set<ImageId> leaving;
    private final Set<String> hidden;

    /**
     * Copies nothing.
     *
     * @param rows of different pictures; the first {@code size} of them never change. The table may have them as well
     * @param leaving pictures whose rows are not shown, wherever they are
     * @param hidden ids of rows that the version which is read may have, and that are not shown
     */
    Overlay(@Nullable PictureRow[] rows, int size, Set<ImageId> leaving, Set<String> hidden) {
        this.rows = rows;
        this.size = size;
        this.leaving = leaving;
        this.hidden = hidden;
    }

    /** Makes an overlay of the first {@code count} of these rows, with the hidden pictures of this one. */
    Overlay withRows(@Nullable PictureRow[] others, int count) {
        return new Overlay(others, count, leaving, hidden);
    }

    /** The rows in memory that are shown. */
    public List<PictureRow> rows() {
        List<PictureRow> shown = new ArrayList<>();
        for (PictureRow row : Arrays.asList(rows).subList(0, size)) {
            if (row != null && !leaving.contains(row.id())) {
                shown.add(row);
            }
        }
        return shown;
    }

    /** The number of rows in memory, also of those that are not shown. */
    public int size() {
        return size;
    }

    /** Ids of rows that the version which is read may have, and that are not shown. */
    public Set<String> hidden() {
        return hidden;
    }

    /** The most rows of the version that is read that are hidden. A search has to ask the table for this number of rows more. */
    public int hiddenRows() {
        return hidden.size();
    }

    /** Ids of the rows that this hides or has itself. */
    public Set<String> ids() {
        Set<String> ids = new HashSet<>(hidden);
        rows().forEach(row -> ids.add(row.id().toString()));
        return ids;
    }

    /**
     * Counts the rows of table and memory that pass a filter. Leaves hidden rows out, and takes a picture that both have from the table.
     *
     * @param ofTable the rows of the version that is read and pass, but for those of {@link #ids}
     * @param apart what the rows of {@link #ids} say that the version has and that pass
     */
    public Facets facets(Facets.Counter ofTable, List<Picture> apart, RowFilter filter) {
        Set<String> seen = new HashSet<>();
        for (Picture picture : apart) {
            if (!hidden.contains(picture.id()) && seen.add(picture.id())) {
                ofTable.add(picture);
            }
        }
        for (PictureRow row : rows()) {
            if (filter.matches(row) && seen.add(row.id().toString())) {
                ofTable.add(Picture.of(row));
            }
        }
        return ofTable.facets();
    }

    /**
     * The rows of table and memory that a query asks for, nearest first. Leaves hidden rows out, and takes a picture that both have from
     * the table; if table and memory say different things of it, it passes the filter with either. Computes the distances of all rows in
     * memory, so it belongs on a thread for searches.
     *
     * @param ofTable the nearest rows of the version that is read, which pass the filter, nearest first, {@link #hiddenRows} more than
     *     it asks for
     */
    public List<Neighbor> nearest(List<Neighbor> ofTable, NearestQuery query) {
        if (size == 0 && hidden.isEmpty()) {
            return ofTable;
        }
        List<Neighbor> found = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Neighbor neighbor : ofTable) {
            if (!hidden.contains(neighbor.id()) && seen.add(neighbor.id())) {
                found.add(neighbor);
            }
        }
        PriorityQueue<Candidate> nearest = nearestInMemory(query, seen);
        nearest.stream()
                .sorted(WORST_FIRST.reversed())
                .forEach(candidate -> found.add(Neighbor.of(candidate.row, candidate.distance)));
        // The sort is stable: of equal distances, those of the table come first.
        return found.stream()
                .sorted(Comparator.comparingDouble(Neighbor::distance))
                .limit(query.k())
                .toList();
    }

    private PriorityQueue<Candidate> nearestInMemory(NearestQuery query, Set<String> seen) {
        PriorityQueue<Candidate> nearest = new PriorityQueue<>(WORST_FIRST);
        double bound = Double.POSITIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            PictureRow row = rows[i];
            if (row == null) {
                continue;
            }
            Embedding vector = row.vectorOf(query.model());
            if (vector == null) {
                continue; // It gets one later, and is not found by this model until then.
            }
            double distance = PictureRow.distance(vector, query.vector());
            if (distance >= bound
                    || distance < query.leastDistance()
                    || leaving.contains(row.id())
                    || seen.contains(row.id().toString())
                    || !query.filter().matches(row)) {
                continue;
            }
            nearest.add(new Candidate(row, i, distance));
            if (nearest.size() > query.k()) {
                nearest.remove();
            }
            Candidate worst = nearest.peek();
            if (worst != null && nearest.size() == query.k()) {
                bound = worst.distance;
            }
        }
        return nearest;
    }

    /**
     * The first {@code k} pictures of table and memory after this position, the newest first. Leaves hidden rows out, and takes a picture
     * that both have from the table.
     *
     * @param ofTable the first ones of the version that is read, {@link #hiddenRows} more than {@code k}
     * @param after null for the first ones of all
     */
    public List<Picture> newest(List<Picture> ofTable, @Nullable ListPosition after, int k) {
        NavigableMap<ListPosition, Picture> found = new TreeMap<>();
        for (PictureRow row : rows()) {
            Picture picture = Picture.of(row);
            ListPosition position = ListPosition.of(picture);
            if (after == null || position.compareTo(after) > 0) {
                found.put(position, picture);
            }
        }
        for (Picture picture : ofTable) {
            if (!hidden.contains(picture.id())) {
                found.put(ListPosition.of(picture), picture);
            }
        }
        return found.values().stream().limit(k).toList();
    }

    /**
     * The vector of this picture, of the table or of memory. Empty if neither has it, or if it is hidden.
     *
     * @param ofTable what the version that is read has
     * @param model fingerprint of the model that made the vector
     */
    public Optional<Embedding> vector(Optional<Embedding> ofTable, ImageId id, String model) {
        return ofTable.filter(vector -> !hidden.contains(id.toString()))
                .or(() -> inMemory(id).map(row -> row.vectorOf(model)));
    }

    /** Whether rows of this picture in the version that is read are not shown. */
    public boolean isHidden(String id) {
        return hidden.contains(id);
    }

    /**
     * The rows in memory that look the same as a picture with this fingerprint and this vector, itself included, in no order.
     *
     * @param model fingerprint of the model that made the vector
     */
    public List<Likeness> likenesses(Fingerprint fingerprint, Embedding vector, String model) {
        List<Likeness> found = new ArrayList<>();
        for (PictureRow row : rows()) {
            Fingerprint other = row.fingerprint();
            Embedding own = row.vectorOf(model);
            if (other != null && own != null) {
                Likeness.of(Picture.of(row), fingerprint, other, () -> PictureRow.distance(own, vector))
                        .ifPresent(found::add);
            }
        }
        return found;
    }

    /** The row of this picture in memory. Empty if there is none, or if it is hidden. */
    public Optional<PictureRow> inMemory(ImageId id) {
        return rows().stream().filter(row -> row.id().equals(id)).findFirst();
    }

    /**
     * The picture with this id, of the table or of memory. Empty if neither has it, or if it is hidden.
     *
     * @param ofTable what the version that is read has
     */
    public Optional<Picture> find(Optional<Picture> ofTable, ImageId id) {
        return ofTable.filter(picture -> !hidden.contains(picture.id()))
                .or(() -> inMemory(id).map(Picture::of));
    }
}
