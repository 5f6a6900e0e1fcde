package dev.glimpse.dataset;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.compaction.CompactionOptions;
import org.lance.compaction.CompactionTask;
import org.lance.compaction.RewriteResult;
import org.lance.compaction.TaskData;
import org.lance.index.Index;
import org.lance.index.IndexOptions;
import org.lance.index.OptimizeOptions;

/**
 * Makes files of a better shape out of those in a {@link Scratch}, which takes long and changes nothing: the new files count
 * when {@link LanceTable} commits them. Stateless; any thread.
 */
final class Workshop {
    /** Fragments of so many rows are large enough: 256 MB, of which a merge writes and ships no more at once. */
    static final long LARGEST_FRAGMENT = 1 << 17;

    static final CompactionOptions COMPACTION = CompactionOptions.builder()
            .withTargetRowsPerFragment(LARGEST_FRAGMENT)
            .build();

    private Workshop() {}

    /** What an index becomes: parts of it that are new, and those that these replace. */
    record IndexChange(List<Index> added, Set<UUID> removed) {}

    /**
     * Writes the rows of these fragments into one. Rows keep their ids, and what is deleted is left out.
     *
     * @throws OutdatedException if one of them is not there any more
     */
    static RewriteResult merge(Scratch scratch, Set<Integer> fragments, BufferAllocator allocator) {
        try (Dataset dataset = Datasets.of(scratch, allocator)) {
            List<FragmentMetadata> sources = dataset.getFragments().stream()
                    .filter(fragment -> fragments.contains(fragment.getId()))
                    .map(Fragment::metadata)
                    .toList();
            if (sources.size() < fragments.size()) {
                throw new OutdatedException("some of the fragments " + fragments + " are gone");
            }
            return new CompactionTask(new TaskData(sources), dataset.version(), COMPACTION).execute(dataset);
        }
    }

    /** Builds an index over all rows. */
    static IndexChange train(Scratch scratch, IndexKind kind, BufferAllocator allocator) {
        try (Dataset dataset = Datasets.of(scratch, allocator)) {
            Set<UUID> before = uuids(parts(dataset));
            Index index = dataset.createIndex(
                    IndexOptions.builder(List.of(Columns.VECTOR), kind.type(), kind.parametersFor(dataset.countRows()))
                            .withIndexName(LanceTable.INDEX)
                            .replace(true)
                            .build());
            return new IndexChange(List.of(index), before);
        }
    }

    /**
     * Takes rows that the index does not have into a new part of it.
     *
     * @param parts the newest ones, which become one with it
     */
    static IndexChange fold(Scratch scratch, int parts, BufferAllocator allocator) {
        try (Dataset dataset = Datasets.of(scratch, allocator)) {
            List<Index> before = parts(dataset);
            dataset.optimizeIndices(OptimizeOptions.builder()
                    .indexNames(List.of(LanceTable.INDEX))
                    .numIndicesToMerge(parts)
                    .build());
            List<Index> after = parts(dataset);
            List<Index> added = new ArrayList<>(after);
            added.removeIf(part -> uuids(before).contains(part.uuid()));
            Set<UUID> removed = uuids(before);
            removed.removeAll(uuids(after));
            return new IndexChange(added, removed);
        }
    }

    static List<Index> parts(Dataset dataset) {
        return dataset.getIndexes().stream()
                .filter(index -> index.name().equals(LanceTable.INDEX))
                .toList();
    }

    private static Set<UUID> uuids(List<Index> parts) {
        return parts.stream().map(Index::uuid).collect(Collectors.toSet());
    }
}
