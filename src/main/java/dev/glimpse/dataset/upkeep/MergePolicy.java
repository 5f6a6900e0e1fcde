package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.lance.FragmentRewriter;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.Manifest.FragmentState;
import dev.glimpse.dataset.lance.Manifest.Segment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which fragments of a table are compacted into one. Reads a manifest and nothing else: no I/O, no state, any thread.
 *
 * <p>Fragments are merged when there are several of about the same size. So a row is rewritten a few times for each order of magnitude
 * that the table grows. Fragments are merged only if they belong to the same part of the index, or all to none.
 */
public final class MergePolicy {
    /** Fragments of fewer rows are small. Lance opens each fragment for a search, and each manifest lists it. */
    static final int SMALL_ROWS = 4_096;

    /** Number of fragments of about the same size at which they are merged. Under load there are at most twice as many small ones. */
    public static final int MANY = 8;

    /** Unindexed rows that make index optimization due; Lance scans them. Under load there are at most twice as many. */
    static final int MANY_UNINDEXED = 5_000;

    /** Urgency of work that is due. Twice as much work of the same kind has twice the urgency. */
    static final double DUE = 1;

    /** Urgency of a merge that the index waits for. Greater than {@link #DUE}, so that new rows do not delay it for long. */
    private static final double BEFORE_INDEX = 1.2;

    /** A fragment is not merged with smaller ones if it has this many times the rows of all of them together. */
    private static final int OUTWEIGHS = 4;

    /** A fragment is rewritten alone when one row in ten is deleted. */
    private static final int DELETED_SHARE = 10;

    /** A fragment with fewer deleted rows is not rewritten alone. */
    private static final int MANY_DELETED = 256;

    private MergePolicy() {}

    /**
     * A merge that is due.
     *
     * @param fragments ids of the fragments that become one; a single fragment is rewritten without its deleted rows
     * @param urgency at least {@link #DUE}
     */
    record Merge(Set<Integer> fragments, double urgency) {}

    /**
     * The merge to do next; empty if none is due.
     *
     * @param after only fragments with a greater id are merged; -1 for all
     */
    static Optional<Merge> next(Manifest manifest, int after) {
        List<FragmentState> fragments = manifest.fragments().stream()
                .filter(fragment -> fragment.id() > after)
                .toList();
        List<FragmentState> unindexed = fragments.stream()
                .filter(fragment -> manifest.segmentOf(fragment).isEmpty())
                .toList();
        List<FragmentState> small =
                unindexed.stream().filter(MergePolicy::isSmall).toList();
        // New rows become one fragment before they are indexed: fragments of different parts of the index cannot be
        // merged.
        if (!manifest.segments().isEmpty() && small.size() > 1 && Manifest.rows(unindexed) >= MANY_UNINDEXED) {
            return Optional.of(new Merge(ids(small), BEFORE_INDEX));
        }
        if (small.size() >= MANY) {
            return Optional.of(new Merge(ids(withoutTheHeaviest(small)), small.size() / (double) MANY));
        }
        Map<Object, List<FragmentState>> alike = new HashMap<>();
        for (FragmentState fragment : fragments) {
            if (fragment.deletedRows() >= MANY_DELETED
                    && fragment.deletedRows() * DELETED_SHARE > fragment.rows() + fragment.deletedRows()) {
                return Optional.of(new Merge(Set.of(fragment.id()), DUE));
            }
            if (fragment.rows() < FragmentRewriter.LARGEST_FRAGMENT / 2 && !small.contains(fragment)) {
                List<Object> key = List.of(
                        tier(fragment),
                        manifest.segmentOf(fragment)
                                .map(Segment::uuid)
                                .map(Object.class::cast)
                                .orElse(""));
                alike.computeIfAbsent(key, first -> new ArrayList<>()).add(fragment);
            }
        }
        return alike.values().stream()
                // Small fragments of the index came while the index was optimized. No others will join them, so two are
                // enough.
                .filter(group -> group.size() >= MANY || (group.size() > 1 && isSmall(group.get(0))))
                .map(MergePolicy::upToTheLargest)
                .filter(group -> group.size() > 1)
                .map(group -> new Merge(ids(group), Math.max(DUE, group.size() / (double) MANY)))
                .max(Comparator.comparingDouble(Merge::urgency));
    }

    /** How many fragments are small. */
    public static long smallFragments(Manifest manifest) {
        return manifest.fragments().stream().filter(MergePolicy::isSmall).count();
    }

    /**
     * Leaves out each fragment that has several times the rows of all smaller ones together. Otherwise it would be rewritten each time
     * that a few rows came.
     */
    private static List<FragmentState> withoutTheHeaviest(List<FragmentState> small) {
        List<FragmentState> bySize = small.stream()
                .sorted(Comparator.comparingLong(FragmentState::rows))
                .toList();
        long rows = 0;
        int count = 0;
        for (FragmentState fragment : bySize) {
            if (count > 1 && fragment.rows() > OUTWEIGHS * rows) {
                break;
            }
            rows += fragment.rows();
            count++;
        }
        return bySize.subList(0, count);
    }

    private static boolean isSmall(FragmentState fragment) {
        return fragment.rows() < SMALL_ROWS;
    }

    /** The size class of a fragment: 0 for small ones; fragments of the next class have eight times the rows. */
    private static int tier(FragmentState fragment) {
        int tier = 0;
        for (long rows = fragment.rows(); rows >= SMALL_ROWS; rows /= MANY) {
            tier++;
        }
        return tier;
    }

    private static List<FragmentState> upToTheLargest(List<FragmentState> group) {
        long rows = 0;
        List<FragmentState> chosen = new ArrayList<>();
        for (FragmentState fragment : group.stream()
                .sorted(Comparator.comparingLong(FragmentState::rows))
                .toList()) {
            rows += fragment.rows();
            if (rows <= FragmentRewriter.LARGEST_FRAGMENT) {
                chosen.add(fragment);
            }
        }
        return chosen;
    }

    private static Set<Integer> ids(List<FragmentState> fragments) {
        return fragments.stream().map(FragmentState::id).collect(Collectors.toSet());
    }
}
