package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.StagedVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.lance.Dataset;
import org.lance.index.Index;
import org.lance.index.IndexOptions;
import org.lance.index.OptimizeOptions;

/**
 * Builds and optimizes the vector index in a {@link StagedVersion}. This takes long and changes nothing: the new parts of the index
 * count when {@link LanceTable#commitIndex} commits them. Stateless, so any thread may call it.
 */
public final class IndexBuilder {
    private IndexBuilder() {}

    /**
     * A change of the index.
     *
     * @param added new parts of the index
     * @param removed ids of the parts that the new ones replace
     */
    public record IndexChange(List<Index> added, Set<UUID> removed) {}

    /** Builds an index over all rows, which replaces all parts of the old one. */
    public static IndexChange build(StagedVersion staged, IndexKind kind, Datasets datasets) {
        try (Dataset dataset = Datasets.of(staged, datasets.allocator())) {
            VectorColumn column = Manifest.indexed(dataset);
            Set<UUID> before = uuids(parts(dataset));
            Index index = dataset.createIndex(IndexOptions.builder(
                            List.of(column.name()),
                            IndexParameters.type(kind),
                            IndexParameters.of(kind, dataset.countRows()))
                    .withIndexName(Manifest.indexOf(column))
                    .replace(true)
                    .build());
            return new IndexChange(List.of(index), before);
        }
    }

    /**
     * Index optimization: makes a new part of the index from the rows that no part has, and from the newest parts.
     *
     * @param mergedParts how many of the newest parts become one with the new rows; 0 leaves all parts as they are
     */
    public static IndexChange optimize(StagedVersion staged, int mergedParts, Datasets datasets) {
        try (Dataset dataset = Datasets.of(staged, datasets.allocator())) {
            List<Index> before = parts(dataset);
            dataset.optimizeIndices(OptimizeOptions.builder()
                    .indexNames(List.of(Manifest.indexOf(Manifest.indexed(dataset))))
                    .numIndicesToMerge(mergedParts)
                    .build());
            List<Index> after = parts(dataset);
            List<Index> added = new ArrayList<>(after);
            added.removeIf(part -> uuids(before).contains(part.uuid()));
            Set<UUID> removed = uuids(before);
            removed.removeAll(uuids(after));
            return new IndexChange(added, removed);
        }
    }

    /** The parts of the vector index in this version; empty if there is no index. */
    static List<Index> parts(Dataset dataset) {
        String name = Manifest.indexOf(Manifest.indexed(dataset));
        return dataset.getIndexes().stream()
                .filter(index -> index.name().equals(name))
                .toList();
    }

    private static Set<UUID> uuids(List<Index> parts) {
        return parts.stream().map(Index::uuid).collect(Collectors.toSet());
    }
}
