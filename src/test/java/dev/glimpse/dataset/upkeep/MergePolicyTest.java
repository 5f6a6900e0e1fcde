package dev.glimpse.dataset.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.lance.FragmentRewriter;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.Manifest.FragmentState;
import dev.glimpse.dataset.lance.Manifest.Segment;
import dev.glimpse.dataset.upkeep.MergePolicy.Merge;
import dev.glimpse.testing.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which fragments become one. */
class MergePolicyTest {
    private static final int SMALL = MergePolicy.SMALL_ROWS - 1;
    private static final int LARGE = MergePolicy.SMALL_ROWS;

    private final List<FragmentState> fragments = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();

    @Test
    void fewFragmentsStayAsTheyAre() {
        assertThat(mergeable()).isEmpty();
        fragments(0, MergePolicy.MANY - 1, 1);

        assertThat(mergeable()).isEmpty();
    }

    @Test
    void manySmallOnesBecomeOneAndTheLargeOneStays() {
        fragments(0, 1, LARGE);
        fragments(1, 1 + MergePolicy.MANY, 3);

        assertThat(mergeable()).isEqualTo(range(1, 1 + MergePolicy.MANY));
    }

    @Test
    void fragmentsOfAboutTheSameSizeBecomeOneAndTheNextSizeWaits() {
        fragments(0, 7, LARGE);
        fragments(7, 8, 8 * LARGE);
        assertThat(mergeable()).isEmpty();

        fragments(8, 9, LARGE + 100);

        assertThat(mergeable()).isEqualTo(Set.of(0, 1, 2, 3, 4, 5, 6, 8));
    }

    @Test
    void fewSmallOnesOfTheSamePartOfTheIndexBecomeOne() {
        fragments(0, 2, SMALL);
        fragments(2, 3, LARGE);
        segment(0, 1);
        segment(1, 3);
        assertThat(mergeable()).isEmpty();

        segments.clear();
        segment(0, 3);

        assertThat(mergeable()).isEqualTo(range(0, 2));
    }

    @Test
    void noFragmentBecomesLargerThanTheLargest() {
        int rows = (int) FragmentRewriter.LARGEST_FRAGMENT / 4;
        fragments(0, 12, rows);

        assertThat(mergeable()).hasSize(4);
    }

    @Test
    void largestFragmentsAreNotTouchedHoweverManyThereAre() {
        fragments(0, 100, (int) FragmentRewriter.LARGEST_FRAGMENT);

        assertThat(mergeable()).isEmpty();
    }

    @Test
    void fragmentsOfDifferentPartsOfTheIndexDoNotBecomeOne() {
        fragments(0, 8, LARGE);
        segment(0, 4);
        segment(4, 8);
        assertThat(mergeable()).isEmpty();

        fragments(8, 12, LARGE);
        segments.remove(1);
        segment(4, 12);

        assertThat(mergeable()).isEqualTo(range(4, 12));
    }

    @Test
    void newRowsBecomeOneFragmentBeforeTheyAreIndexed() {
        fragments(0, 1, 8 * LARGE);
        segment(0, 1);
        fragments(1, 3, 2_400);
        assertThat(mergeable()).isEmpty();

        fragments(3, 4, 300);

        assertThat(mergeable()).isEqualTo(range(1, 4));
    }

    @Test
    void fragmentWithManyDeletedRowsIsWrittenAnew() {
        fragments(0, 3, LARGE);
        fragments.add(new FragmentState(3, 9_000, 900, -1, List.of()));
        assertThat(mergeable()).isEmpty();

        fragments.add(new FragmentState(4, 9_000, 1_001, -1, List.of()));

        assertThat(mergeable()).isEqualTo(Set.of(4));
    }

    @Test
    void smallFragmentWithSomeDeletedRowsIsNotWorthIt() {
        fragments.add(new FragmentState(0, 10, 200, -1, List.of()));

        assertThat(mergeable()).isEmpty();
    }

    @Test
    void fragmentsThatTheIndexIsBeingBuiltOfAreLeftAlone() {
        fragments(0, 30, SMALL);

        assertThat(MergePolicy.next(manifest(), 25)).isEmpty();
        assertThat(MergePolicy.next(manifest(), 19).map(Merge::fragments)).contains(range(20, 30));
        assertThat(MergePolicy.next(manifest(), 29)).isEmpty();
    }

    @Test
    void mergeIsTheMoreUrgentTheMoreFragmentsWait() {
        fragments(0, MergePolicy.MANY, 1);
        assertThat(urgency()).isEqualTo(1);

        fragments(MergePolicy.MANY, 2 * MergePolicy.MANY, 1);

        assertThat(urgency()).isEqualTo(2);
    }

    @Test
    void rowsThatKeepComingDoNotHoldUpTheIndexThatWaitsForTheirMerge() {
        fragments(0, 1, LARGE);
        segment(0, 1);
        fragments(1, 3, MergePolicy.MANY_UNINDEXED);
        fragments(3, 9, 10);

        assertThat(mergeable()).isEqualTo(range(3, 9));
        // Less than that of the rows, which is 2.
        assertThat(urgency()).isStrictlyBetween(1.0, 1.5);
    }

    private double urgency() {
        return MergePolicy.next(manifest(), -1).orElseThrow().urgency();
    }

    @Test
    void fragmentThatOutweighsTheOthersWaits() {
        fragments(0, 1, 3_000);
        fragments(1, 3, 70);
        fragments(3, 13, 1);

        assertThat(mergeable()).isEqualTo(range(3, 13));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 256})
    void dayOfCommitsKeepsFewFragmentsAndRewritesARowAFewTimes(int rowsOfACommit) {
        long rewritten = 0;
        int next = 0;
        for (int commit = 0; commit < 20_000; commit++) {
            fragments.add(new FragmentState(next++, rowsOfACommit, 0, -1, List.of()));
            for (Set<Integer> merged = mergeable(); !merged.isEmpty(); merged = mergeable()) {
                Set<Integer> gone = merged;
                long rows = fragments.stream()
                        .filter(fragment -> gone.contains(fragment.id()))
                        .mapToLong(FragmentState::rows)
                        .sum();
                fragments.removeIf(fragment -> gone.contains(fragment.id()));
                fragments.add(new FragmentState(next++, rows, 0, -1, List.of()));
                rewritten += rows;
            }
            assertThat(MergePolicy.smallFragments(manifest())).isLessThan(MergePolicy.MANY);
        }
        assertThat(fragments).hasSizeLessThan(100);
        assertThat(manifest().rows()).isEqualTo(20_000L * rowsOfACommit);
        assertThat(rewritten / manifest().rows()).isLessThan(12);
    }

    private void fragments(int from, int to, int rows) {
        IntStream.range(from, to).forEach(id -> fragments.add(new FragmentState(id, rows, 0, -1, List.of())));
    }

    private void segment(int from, int to) {
        segments.add(new Segment(UUID.randomUUID(), range(from, to)));
    }

    private static Set<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().collect(Collectors.toSet());
    }

    private Set<Integer> mergeable() {
        return MergePolicy.next(manifest(), -1).map(Merge::fragments).orElse(Set.of());
    }

    private Manifest manifest() {
        long rows = fragments.stream().mapToLong(FragmentState::rows).sum();
        return new Manifest(
                1,
                rows,
                0,
                List.copyOf(fragments),
                Map.of(),
                List.of(),
                Map.of(),
                null,
                null,
                false,
                true,
                List.copyOf(segments),
                new VectorColumn(VectorColumn.FIRST, Rows.MODEL));
    }
}
