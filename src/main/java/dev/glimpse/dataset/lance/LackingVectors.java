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
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.fragment.DataFile;
import org.lance.fragment.DeletionFile;
import org.lance.ipc.ScanOptions;
import org.lance.schema.LanceField;

/**
 * Finds rows that have no vector in a column: what is left to be filled, whoever has filled or deleted what meanwhile. A fragment is read again
 * only when it has changed. For one thread.
 */
public final class LackingVectors {
    /** So many ids of a fragment are kept, so that it is not read again for pictures that are not wanted. */
    private static final int FEW = 1_000;

    private final VectorColumn column;

    /** What lacks a vector in each fragment that was read, as it was then. */
    private final Map<State, Found> read = new HashMap<>();

    /** A fragment as it is in a version: its files tell it from what it was before. Objects of Lance have no hash of their own. */
    private record State(int fragment, List<String> files, long deleted, long deletionFile) {
        static State of(FragmentMetadata fragment) {
            DeletionFile deletions = fragment.getDeletionFile();
            return new State(
                    fragment.getId(),
                    fragment.getFiles().stream().map(DataFile::getPath).toList(),
                    fragment.getNumDeletions(),
                    deletions == null ? -1 : deletions.getId());
        }
    }

    /** @param ids null if there are many */
    private record Found(long rows, @Nullable List<ImageId> ids) {
        static Found of(List<ImageId> ids) {
            return new Found(ids.size(), ids.size() > FEW ? null : List.copyOf(ids));
        }
    }

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
            FragmentMetadata now = fragment.metadata();
            Found known = read.get(State.of(now));
            List<ImageId> ids = known == null ? null : known.rows == 0 ? List.of() : known.ids;
            if (ids == null) {
                ids = lacking(dataset, fragment.getId());
                read.put(State.of(now), Found.of(ids));
            }
            List<ImageId> left = ids.stream().filter(wanted).toList();
            if (!left.isEmpty()) {
                return Optional.of(new Lacking(fragment.getId(), now.getNumRows(), left));
            }
        }
        return Optional.empty();
    }

    /** How many rows lack a vector. Fragments that have not been read yet and have a file for the column are read. */
    long left(Dataset dataset) throws IOException {
        long left = 0;
        Map<State, Found> now = new HashMap<>();
        for (Fragment fragment : dataset.getFragments()) {
            FragmentMetadata metadata = fragment.metadata();
            State state = State.of(metadata);
            Found known = read.get(state);
            if (known == null && hasFile(dataset, metadata)) {
                known = Found.of(lacking(dataset, fragment.getId()));
            }
            if (known != null) {
                now.put(state, known);
            }
            left += known == null ? metadata.getNumRows() : known.rows;
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
