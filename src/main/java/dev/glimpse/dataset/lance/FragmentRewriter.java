package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.replica.StagedVersion;
import java.util.List;
import java.util.Set;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.compaction.CompactionOptions;
import org.lance.compaction.CompactionTask;
import org.lance.compaction.RewriteResult;
import org.lance.compaction.TaskData;

/**
 * Compaction: writes the rows of several fragments into a new one, in a {@link StagedVersion}. This takes long and changes nothing: the
 * new fragment counts when {@link LanceTable#commitCompaction} commits it. Stateless, so any thread may call it.
 */
public final class FragmentRewriter {
    /** Rows of the largest fragment that compaction makes: 256 MB, which is also the most that is written and shipped at once. */
    public static final long LARGEST_FRAGMENT = 1 << 17;

    static final CompactionOptions COMPACTION = CompactionOptions.builder()
            .withTargetRowsPerFragment(LARGEST_FRAGMENT)
            .build();

    private FragmentRewriter() {}

    /** A new fragment, and those that it replaces. */
    public record Compacted(RewriteResult result) {}

    /**
     * Writes the rows of these fragments into one. Rows keep their ids. Deleted rows are left out.
     *
     * @param staged has all files of its version
     * @throws OutdatedException if one of the fragments does not exist any more
     */
    public static Compacted rewrite(StagedVersion staged, Set<Integer> fragments, Datasets datasets) {
        try (Dataset dataset = Datasets.of(staged, datasets.allocator())) {
            List<FragmentMetadata> sources = dataset.getFragments().stream()
                    .filter(fragment -> fragments.contains(fragment.getId()))
                    .map(Fragment::metadata)
                    .toList();
            if (sources.size() < fragments.size()) {
                throw new OutdatedException("some of the fragments " + fragments + " are gone");
            }
            return new Compacted(
                    new CompactionTask(new TaskData(sources), dataset.version(), COMPACTION).execute(dataset));
        }
    }
}
