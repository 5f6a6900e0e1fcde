package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.io.Serializable;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Rows of a {@link BulkTable} that were written and are not committed: one file, which is in the store apart from the table, and what a
 * commit has to know of it.
 *
 * @param table id of the table that the rows are for
 * @param model fingerprint of the model that made their vectors
 * @param key of the file in the store
 * @param bytes size of the file
 * @param columns of the table that the file has
 * @param fields numbers of these and of what is in them
 * @param positions of these in the file
 * @param major version of the file's format
 * @param minor version of the file's format
 * @param ids of the pictures, one for each row
 */
public record BulkFragment(
        String table,
        String model,
        String key,
        long bytes,
        List<BulkColumn> columns,
        List<Integer> fields,
        List<Integer> positions,
        int major,
        int minor,
        PackedIds ids)
        implements Serializable {
    public BulkFragment {
        columns = List.copyOf(columns);
        fields = List.copyOf(fields);
        positions = List.copyOf(positions);
    }

    /** The number of rows. */
    public int rows() {
        return ids.size();
    }

    /** The pictures of those rows for which this is true, in the order of the rows. */
    public List<ImageId> idsThat(Predicate<ImageId> test) {
        return IntStream.range(0, rows()).mapToObj(ids::get).filter(test).toList();
    }

    /** Adds the pictures of all rows. */
    public void addTo(IdSet set) {
        for (int i = 0; i < rows(); i++) {
            set.add(ids.get(i));
        }
    }

    @Override
    public String toString() {
        return "BulkFragment[" + key + ", " + rows() + " rows]";
    }
}
