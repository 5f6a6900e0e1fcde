package dev.glimpse.dataset.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.Manifest.FragmentState;
import dev.glimpse.dataset.lance.Manifest.Segment;
import dev.glimpse.dataset.upkeep.MaintenancePlanner.Garbage;
import dev.glimpse.dataset.upkeep.MaintenanceTask.Collection;
import dev.glimpse.dataset.upkeep.MaintenanceTask.Compaction;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexBuild;
import dev.glimpse.dataset.upkeep.MaintenanceTask.IndexOptimization;
import dev.glimpse.testing.Rows;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is due, and what of it comes first. */
class MaintenancePlannerTest {
    private static final int INDEX_ROWS = 10_000;
    private static final Garbage NO_GARBAGE = new Garbage(0, false);

    private final MaintenancePlanner planner = new MaintenancePlanner(INDEX_ROWS);
    private final List<FragmentState> fragments = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private final Map<String, String> metadata = new HashMap<>();
    private Garbage garbage = NO_GARBAGE;
    private OptionalInt indexing = OptionalInt.empty();
    private boolean rowsAwaited;
    private boolean stableRowIds = true;

    @Test
    void nothingIsDueInASmallTable() {
        fragments(1, 100);

        assertThat(due()).isNull();
    }

    @Test
    void tableOfOtherSoftwareIsLeftAlone() {
        fragments(1, INDEX_ROWS);
        stableRowIds = false;

        assertThat(due()).isNull();
    }

    @Test
    void indexIsBuiltOnceTheTableIsLargeEnough() {
        fragments(1, INDEX_ROWS - 1);
        assertThat(due()).isNull();

        fragments(1, 1);

        assertThat(due()).isEqualTo(new IndexBuild(IndexKind.IVF_HNSW_SQ));
    }

    @Test
    void indexIsBuiltAnewWithItsOwnKindWhenTheTableHasGrownFourfold() {
        fragments(1, 4 * INDEX_ROWS - 1);
        segment(0);
        metadata.putAll(MaintenancePlanner.trained(IndexKind.IVF_FLAT, INDEX_ROWS));
        assertThat(due()).isNull();

        fragments(1, 1);

        assertThat(due()).isEqualTo(new IndexBuild(IndexKind.IVF_FLAT));
    }

    @Test
    void largeTableGetsListsBecauseGraphsTakeTooLong() {
        fragments(1, MaintenancePlanner.ROWS_WITHOUT_GRAPHS);
        assertThat(due()).isEqualTo(new IndexBuild(IndexKind.IVF_SQ));

        segment(0);
        metadata.putAll(MaintenancePlanner.trained(IndexKind.IVF_HNSW_SQ, INDEX_ROWS));

        assertThat(due()).isEqualTo(new IndexBuild(IndexKind.IVF_SQ));
    }

    @Test
    void manyUnindexedRowsAreIndexed() {
        fragments(1, INDEX_ROWS);
        segment(0);
        fragments(1, MergePolicy.MANY_UNINDEXED);

        assertThat(due()).isEqualTo(new IndexOptimization(0, 1));
    }

    @Test
    void tooManyPartsOfTheIndexAreMergedIntoTheFirst() {
        fragments(MaintenancePlanner.MANY_PARTS + 1, INDEX_ROWS);
        IntStream.range(0, MaintenancePlanner.MANY_PARTS).forEach(this::segment);
        assertThat(due()).isEqualTo(new IndexOptimization(0, 2));

        segment(MaintenancePlanner.MANY_PARTS);

        assertThat(due()).isEqualTo(new IndexOptimization(MaintenancePlanner.MANY_PARTS, 1));
    }

    @Test
    void indexWorkThatIsRunningIsAwaitedAndItsFragmentsAreLeftAlone() {
        fragments(2 * MergePolicy.MANY, INDEX_ROWS / MergePolicy.MANY);
        assertThat(due()).isInstanceOf(Compaction.class);
        indexing = OptionalInt.of(2 * MergePolicy.MANY - 1);

        assertThat(due()).isNull();
    }

    @Test
    void garbageIsCollectedAfterAHundredVersionsOrWhenItIsOverdue() {
        fragments(1, 100);
        garbage = new Garbage(99, false);
        assertThat(due()).isNull();

        garbage = new Garbage(100, false);
        assertThat(due()).isEqualTo(new Collection(1));

        garbage = new Garbage(1, true);
        assertThat(due()).isEqualTo(new Collection(1));
    }

    @Test
    void workOnTheIndexWaitsUntilAllRowsHaveBeenReadAndMergesDoNot() {
        rowsAwaited = true;
        fragments(1, INDEX_ROWS);
        assertThat(due()).isNull();
        fragments(MergePolicy.MANY, 1);
        assertThat(due()).isInstanceOf(Compaction.class);
        fragments.clear();
        fragments(1, INDEX_ROWS);

        rowsAwaited = false;

        assertThat(due()).isInstanceOf(IndexBuild.class);
    }

    @Test
    void mostUrgentTaskComesFirstAndOfEqualsTheCompaction() {
        fragments(MergePolicy.MANY, 1);
        garbage = new Garbage(100, false);
        assertThat(due()).isInstanceOf(Compaction.class);

        garbage = new Garbage(101, false);

        assertThat(due()).isInstanceOf(Collection.class);
    }

    private @Nullable MaintenanceTask due() {
        long rows = fragments.stream().mapToLong(FragmentState::rows).sum();
        Manifest manifest = new Manifest(
                1,
                rows,
                0,
                List.copyOf(fragments),
                Map.of(),
                List.of(),
                Map.copyOf(metadata),
                null,
                null,
                false,
                stableRowIds,
                List.copyOf(segments),
                new VectorColumn(VectorColumn.FIRST, Rows.MODEL));
        return planner.mostUrgent(manifest, garbage, indexing, rowsAwaited).orElse(null);
    }

    private void fragments(int count, int rows) {
        int next = fragments.size();
        fragments.addAll(IntStream.range(next, next + count)
                .mapToObj(id -> new FragmentState(id, rows, 0, -1, List.of()))
                .collect(Collectors.toList()));
    }

    private void segment(int fragment) {
        segments.add(new Segment(UUID.randomUUID(), Set.of(fragment)));
    }
}
