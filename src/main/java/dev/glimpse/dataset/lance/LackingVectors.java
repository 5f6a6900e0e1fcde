package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.ipc.ScanOptions;
import org.lance.schema.LanceField;

/**
 * Finds rows that have no vector in a column: what is left to be filled, whoever has filled or deleted what meanwhile. A fragment is read again
 * only when it has changed. For one thread.
 */
public final class LackingVectors {
    private final VectorColumn column;

    /** How many rows lack a vector in each fragment that was read, as it was then. */
    private final Map<FragmentMetadata, Long> read = new HashMap<>();

    public LackingVectors(VectorColumn column) {
        this.column = column;
    }

    /**
     * Rows of a fragment.
     *
     * @param rows of the fragment, also those that have a vector
     * @param ids some of the pictures whose rows lack a vector
     */
    public record Lacking(int fragment, long rows, List<ImageId> ids) {}

    /**
     * The first fragment that has rows without a vector. Empty if none has, but for rows that are not wanted.
     *
     * @param wanted the pictures whose rows may be filled
     */
    Optional<Lacking> next(Dataset dataset, Predicate<ImageId> wanted) throws IOException {
        for (Fragment fragment : dataset.getFragments()) {
            FragmentMetadata state = fragment.metadata();
            if (read.getOrDefault(state, 1L) > 0) {
                List<ImageId> ids = lacking(dataset, fragment.getId());
                read.put(state, (long) ids.size());
                ids.removeIf(id -> !wanted.test(id));
                if (!ids.isEmpty()) {
                    return Optional.of(new Lacking(fragment.getId(), state.getNumRows(), ids));
                }
            }
        }
        return Optional.empty();
    }

    /** How many rows lack a vector. Fragments that have not been read yet and have a file for the column are read. */
    long left(Dataset dataset) throws IOException {
        long left = 0;
        Map<FragmentMetadata, Long> now = new HashMap<>();
        for (Fragment fragment : dataset.getFragments()) {
            FragmentMetadata state = fragment.metadata();
            Long known = read.get(state);
            long lacking = known != null
                    ? known
                    : hasFile(dataset, state)
                            ? lacking(dataset, fragment.getId()).size()
                            : state.getNumRows();
            now.put(state, lacking);
            left += lacking;
        }
        read.clear();
        read.putAll(now);
        return left;
    }

    private boolean hasFile(Dataset dataset, FragmentMetadata fragment) {
        int field = dataset.getLanceSchema().fields().stream()
                .filter(one -> one.getName().equals(column.name()))
                .map(LanceField::getId)
                .findFirst()
                .orElse(-1);
        return fragment.getFiles().stream()
                .anyMatch(file -> IntStream.of(file.getFields()).anyMatch(one -> one == field));
    }

    private List<ImageId> lacking(Dataset dataset, int fragment) throws IOException {
        List<ImageId> ids = new ArrayList<>();
        ScanOptions rows = new ScanOptions.Builder()
                .columns(List.of(Columns.ID))
                .filter(column.name() + " IS NULL")
                .fragmentIds(List.of(fragment))
                .build();
        Datasets.scan(dataset, rows, batch -> {
            for (int i = 0; i < batch.getRowCount(); i++) {
                Columns.id(batch, i).ifPresent(ids::add);
            }
        });
        return ids;
    }
}
