package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.ImageId;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Copies of rows that say that their pictures lie elsewhere, with all else that the rows have. For one thread. Frees the copies when closed. */
final class MovedRows implements AutoCloseable {
    private final Map<ImageId, Place> places;
    private final UnaryOperator<String> address;
    private final BufferAllocator allocator;
    private final Set<ImageId> ids = new HashSet<>();
    private @Nullable VectorSchemaRoot copies;

    /** @param address how a path names a key */
    MovedRows(Map<ImageId, Place> places, UnaryOperator<String> address, BufferAllocator allocator) {
        this.places = places;
        this.address = address;
        this.allocator = allocator;
    }

    /** Whether a row of a batch moves: it is of one of the pictures, and says that this lies under a name of its own. */
    boolean moves(VectorSchemaRoot batch, int row) {
        return Columns.id(batch, row).filter(places::containsKey).isPresent() && Columns.isOfSource(batch, row);
    }

    /**
     * Copies the rows of a batch that move. Other software may have written a row twice. Then one is left.
     *
     * @param batch with all columns
     * @param table with columns that {@link TableSchema#whyNotWritten} has nothing against
     */
    void add(VectorSchemaRoot batch, Schema table) {
        VectorSchemaRoot target = copies;
        if (target == null) {
            target = VectorSchemaRoot.create(table, allocator);
            copies = target;
            target.allocateNew();
        }
        for (int i = 0; i < batch.getRowCount(); i++) {
            ImageId id = Columns.id(batch, i).orElse(null);
            Place place = id == null ? null : places.get(id);
            if (id != null && place != null && moves(batch, i) && ids.add(id)) {
                Columns.copyMoved(batch, i, target, ids.size() - 1, address.apply(place.key()), place);
            }
        }
        target.setRowCount(ids.size());
    }

    /** The copies, which are freed when this is closed. Empty if there are none. */
    Optional<VectorSchemaRoot> rows() {
        return ids.isEmpty() ? Optional.empty() : Optional.ofNullable(copies);
    }

    /** The pictures whose rows are copied. */
    Set<ImageId> ids() {
        return Set.copyOf(ids);
    }

    /** Twice is fine. */
    @Override
    public void close() {
        VectorSchemaRoot made = copies;
        copies = null;
        if (made != null) {
            made.close();
        }
    }
}
