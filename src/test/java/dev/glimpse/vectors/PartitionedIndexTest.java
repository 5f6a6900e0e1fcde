package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.ClusteredVectors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches of an index whose rows are in partitions, or are being put into them. */
class PartitionedIndexTest {
    private static final int ROWS = 20_000;
    private static final int PARTITIONED = 10_000;
    private static final int QUERIES = 50;
    private static final int K = 10;
    private static final int CANDIDATES = 200;
    private static final ClusteredVectors VECTORS = ClusteredVectors.inCones(11, 140);

    /** Every write fails as on a full disk. */
    private static final Path FULL = Path.of("/dev/full");

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @TempDir
    private Path folder;

    private VectorIndex index;

    @BeforeEach
    void begin() {
        index = new VectorIndex(folder, ClusteredVectors.DIMENSION, PARTITIONED, System::nanoTime);
    }

    @AfterEach
    void end() {
        index.close();
        threads.shutdownNow();
    }

    @Test
    void someOfThePartitionsHaveTheNeighbors() {
        VectorView view = partitioned(ROWS);

        assertThat(recall(view, CANDIDATES, 0.1)).isGreaterThanOrEqualTo(0.95);
        assertThat(recall(view, CANDIDATES, 0.1)).isGreaterThan(recall(view, CANDIDATES, 0));
    }

    @Test
    void allPartitionsHaveWhatASearchWithoutThemFinds() {
        index.close();
        index = new VectorIndex(folder, ClusteredVectors.DIMENSION, Integer.MAX_VALUE, System::nanoTime);
        VectorView plain = index.view(put(0, ROWS));
        List<List<Hit>> expected = IntStream.range(0, 20)
                .mapToObj(n -> plain.nearest(VECTORS.query(n), K, CANDIDATES))
                .toList();
        index.close();
        index = new VectorIndex(folder, ClusteredVectors.DIMENSION, PARTITIONED, System::nanoTime);

        VectorView view = partitioned(ROWS);

        assertThat(plain.isPartitioned()).isFalse();
        assertThat(view.isPartitioned()).isTrue();
        assertThat(IntStream.range(0, 20).mapToObj(n -> view.nearest(VECTORS.query(n), K, CANDIDATES)))
                .isEqualTo(expected);
    }

    @Test
    void fewerRowsAreNotPartitioned() {
        VectorView view = index.view(put(0, PARTITIONED - 1));

        assertThat(index.isSettling()).isFalse();
        assertThat(view.isPartitioned()).isFalse();
    }

    @Test
    void rowThatComesLaterIsFoundAtOnceHoweverFewPartitionsAreSearched() {
        partitioned(ROWS);
        BitSet live = all(ROWS + 100);
        for (int row = ROWS; row < ROWS + 100; row++) {
            index.put(row, VECTORS.row(row));
        }

        VectorView view = index.view(live);

        for (int row = ROWS; row < ROWS + 100; row++) {
            assertThat(ids(view.nearest(VECTORS.row(row), 1, 100, 0))).containsExactly((long) row);
        }
    }

    @Test
    void rowThatIsRemovedIsMissingFromNewViewsAndStaysInOldOnes() {
        VectorView before = partitioned(ROWS);
        BitSet live = all(ROWS);
        live.clear(77);

        VectorView after = index.view(live);

        assertThat(ids(before.nearest(VECTORS.row(77), K, CANDIDATES, 0.05))).contains(77L);
        assertThat(ids(after.nearest(VECTORS.row(77), K, CANDIDATES, 0.05)))
                .hasSize(K)
                .doesNotContain(77L);
    }

    @Test
    void rowWhoseVectorIsReplacedIsFoundOnceWhereItIsNow() {
        partitioned(ROWS);
        index.replace(77, VECTORS.query(5));

        VectorView view = index.view(all(ROWS));

        assertThat(ids(view.nearest(VECTORS.query(5), K, CANDIDATES, 0)))
                .startsWith(77L)
                .doesNotHaveDuplicates();
        assertThat(ids(view.nearest(VECTORS.query(5), K, CANDIDATES, 1)))
                .startsWith(77L)
                .doesNotHaveDuplicates();
        assertThat(ids(view.nearest(VECTORS.row(77), K, CANDIDATES, 1))).doesNotContain(77L);
    }

    @Test
    void partitionsAreBuiltAnewWhenManyRowsHaveCome() {
        VectorView first = partitioned(ROWS);
        Partitions before = partitions();
        BitSet live = put(ROWS, ROWS + ROWS / 4);

        index.view(live);
        await().until(() -> !index.isSettling());

        assertThat(partitions()).isNotSameAs(before);
        assertThat(partitions().size()).isEqualTo(live.cardinality());
        assertThat(recall(index.view(live), CANDIDATES, 0.1)).isGreaterThanOrEqualTo(0.95);
        assertThat(recall(first, CANDIDATES, 0.1)).isGreaterThanOrEqualTo(0.95);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.1, 0.01, 0.001})
    void searchAmongSomeRowsFindsAtLeastAsManyOfTheTrueNeighborsAsAmongAll(double share) {
        VectorView view = partitioned(ROWS);
        Random random = new Random(3);
        BitSet some = new BitSet();
        IntStream.range(0, ROWS).filter(row -> random.nextDouble() < share).forEach(some::set);

        assertThat(recall(view.restrictedTo(some), 60, 0.1)).isGreaterThanOrEqualTo(recall(view, 60, 0.1));
    }

    /** As with a tag: the rows that pass are near each other, and the query may be about something else. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.1})
    void searchAmongRowsThatAreAlikeFindsAtLeastAsManyOfTheTrueNeighborsAsAmongAll(double share) {
        VectorView view = partitioned(ROWS);
        double among = 0;
        for (int n = 0; n < QUERIES; n++) {
            BitSet alike = new BitSet();
            view.nearestExact(VECTORS.row(7L * n + 3), (int) (share * ROWS))
                    .forEach(hit -> alike.set((int) hit.rowId()));
            among += recall(view.restrictedTo(alike), List.of(VECTORS.query(n)), 60, 0.1) / QUERIES;
        }

        assertThat(among).isGreaterThanOrEqualTo(recall(view, 60, 0.1));
    }

    @Test
    void calibrationFindsAShareOfTheCodesThatReachesTheRecall() {
        VectorView view = partitioned(ROWS);
        Oversampling found = Oversampling.calibrate(view, queries(), K, 0.97);

        assertThat(found.share()).isLessThan(1);
        assertThat(found.recall()).isGreaterThanOrEqualTo(0.97);
        assertThat(recall(view, found.candidates(), found.share())).isBetween(found.recall() - 0.03, 1.0);
    }

    /** Rows are added, removed and replaced, and views are made, while partitions are built again and again. */
    @Test
    void searchesAreRightWhilePartitionsAreBuilt() throws Exception {
        BitSet live = put(0, PARTITIONED);
        AtomicBoolean ended = new AtomicBoolean();
        List<Future<?>> searches = new ArrayList<>();
        int last = PARTITIONED + 6_000;
        for (int row = PARTITIONED; row < last; row++) {
            index.put(row, VECTORS.row(row));
            live.set(row);
            if (row % 7 == 0) {
                live.clear(row - PARTITIONED);
            }
            if (row % 11 == 0) {
                index.replace(row - 5_000, VECTORS.row(row - 5_000));
            }
            if (row % 1_500 == 0) {
                VectorView view = index.view(live);
                BitSet seen = (BitSet) live.clone();
                int newest = row;
                searches.add(threads.submit(() -> {
                    while (!ended.get()) {
                        assertThat(ids(view.nearest(VECTORS.row(newest), 1, 100, 0.02)))
                                .containsExactly((long) newest);
                        assertThat(ids(view.nearest(VECTORS.query(newest), 100, CANDIDATES, 0.1)))
                                .hasSize(100)
                                .doesNotHaveDuplicates()
                                .allMatch(id -> seen.get(id.intValue()));
                    }
                }));
            }
        }
        VectorView end = index.view(live);
        await().until(() -> !index.isSettling());
        ended.set(true);

        for (Future<?> search : searches) {
            search.get();
        }
        assertThat(end.isPartitioned()).isTrue();
        assertThat(recall(end, CANDIDATES, 1)).isGreaterThanOrEqualTo(0.95);
        assertThat(recall(index.view(live), CANDIDATES, 0.2)).isGreaterThanOrEqualTo(0.95);
    }

    @Test
    void closingWaitsForTheEndOfWhatIsBeingBuilt() {
        VectorView view = index.view(put(0, ROWS));

        index.close();

        assertThat(index.isSettling()).isFalse();
        assertThat(folder).isEmptyDirectory();
        assertThatThrownBy(() -> view.nearest(VECTORS.query(1), K, CANDIDATES))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    /** Numbers of rows that are gone are not used again, so the rows that there are may be few among very many numbers. */
    @Test
    void rowsWithFewOfTheNumbersTakeNoRoomForTheOthers() {
        BitSet live = new BitSet();
        for (int n = 0; n < ROWS; n++) {
            int row = n + n / 5_000 * 1_000_000;
            index.put(row, VECTORS.row(n));
            live.set(row);
        }

        VectorView view = index.view(live);
        await().until(() -> !index.isSettling());

        assertThat(view.isPartitioned()).isTrue();
        assertThat(ids(view.nearest(VECTORS.row(17_000), 1, 100, 0))).containsExactly(3_017_000L);
        int pieces = MappedInts.CHUNK * Integer.BYTES;
        assertThat(partitions().bytes())
                .isEqualTo((long) Partitions.CHUNK_ROWS * BinaryCodes.Rows.bytesPerRow(ClusteredVectors.DIMENSION)
                        + 5L * pieces);
    }

    /** As on a full disk, for which the vectors' folder is away. */
    @Test
    void partitionsThatCannotBeBuiltAreNotTriedAgainForAMinute() throws IOException {
        index.close();
        AtomicLong clock = new AtomicLong();
        Path rows = folder.resolve("rows");
        index = new VectorIndex(rows, ClusteredVectors.DIMENSION, PARTITIONED, clock::get);
        BitSet live = put(0, PARTITIONED);
        Path elsewhere = Files.move(rows, folder.resolve("elsewhere"));
        Files.createFile(rows);
        index.view(live);
        await().until(() -> !index.isSettling());
        Files.delete(rows);
        Files.move(elsewhere, rows);

        VectorView early = index.view(live);
        assertThat(index.isSettling()).isFalse();
        assertThat(early.isPartitioned()).isFalse();
        clock.addAndGet(TimeUnit.MINUTES.toNanos(1));
        VectorView late = index.view(live);
        await().until(() -> !index.isSettling());

        assertThat(late.isPartitioned()).isTrue();
    }

    /** The codes come into a file that every write to fails. */
    @Test
    @EnabledIf("hasFullDisk")
    void roomOnTheDiskIsMadeBeforeTheRowsAreGrouped() throws IOException {
        Path full = Files.createSymbolicLink(folder.resolve("full"), FULL);
        withBuildWithoutCodes(build -> {
            PartitionFiles files = new PartitionFiles(
                    folder,
                    all(100),
                    ClusteredVectors.DIMENSION,
                    () -> new MappedFile(
                            full, Partitions.CHUNK_ROWS * BinaryCodes.Rows.bytesPerRow(ClusteredVectors.DIMENSION)));

            assertThatThrownBy(() -> build.run(files))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasRootCauseMessage("No space left on device");
            // The same rows cannot be grouped, because they have no codes.
            assertThatThrownBy(build::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no code");
        });
        index.close();
        assertThat(folder).isEmptyDirectory();
    }

    static boolean hasFullDisk() {
        return Files.exists(FULL);
    }

    /** Each row takes its code and three numbers. */
    @Test
    void partitionsLeaveAsMuchSpaceAsTheyTake() {
        long rows = 100L * (BinaryCodes.Rows.bytesPerRow(ClusteredVectors.DIMENSION) + 12);
        withBuildWithoutCodes(build -> {
            build.requireRoom(new DiskSpace(2 * rows, 1L << 40));
            build.requireRoom(new DiskSpace(0, 0));

            assertThatThrownBy(() -> build.requireRoom(new DiskSpace(2 * rows - 1, 1L << 40)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("too little space");
        });
    }

    private void withBuildWithoutCodes(Consumer<PartitionBuild> test) {
        CodeStore withoutCodes = new CodeStore(new Rotation(VECTORS.row(1)));
        try (FullPrecisionVectorFile file = new FullPrecisionVectorFile(folder, ClusteredVectors.DIMENSION);
                FullPrecisionVectorFile.Reader reader = file.reader(64)) {
            test.accept(new PartitionBuild(folder, withoutCodes, reader, ClusteredVectors.DIMENSION, all(100)));
        }
    }

    @Test
    void closingRemovesTheFilesOfPartitionsThatWereBuiltAgain() {
        partitioned(ROWS);
        index.view(put(ROWS, ROWS + ROWS / 4));
        await().until(() -> !index.isSettling());

        index.close();

        assertThat(folder).isEmptyDirectory();
    }

    private VectorView partitioned(int rows) {
        VectorView view = index.view(put(0, rows));
        await().until(() -> !index.isSettling());
        assertThat(view.isPartitioned()).isTrue();
        return view;
    }

    private Partitions partitions() {
        return Objects.requireNonNull(Objects.requireNonNull(index.store()).partitions());
    }

    private BitSet put(int from, int to) {
        for (int row = from; row < to; row++) {
            index.put(row, VECTORS.row(row));
        }
        return all(to);
    }

    private static BitSet all(int rows) {
        BitSet live = new BitSet();
        live.set(0, rows);
        return live;
    }

    private static double recall(VectorView view, int candidates, double share) {
        return recall(view, queries(), candidates, share);
    }

    private static List<float[]> queries() {
        return IntStream.range(0, QUERIES).mapToObj(VECTORS::query).toList();
    }

    private static double recall(VectorView view, List<float[]> queries, int candidates, double share) {
        List<List<Hit>> truth = view.nearestExact(queries, K, 0);
        long found = 0;
        long expected = 0;
        for (int i = 0; i < queries.size(); i++) {
            List<Long> ids = ids(truth.get(i));
            expected += ids.size();
            found += ids(view.nearest(queries.get(i), K, candidates, share)).stream()
                    .filter(ids::contains)
                    .count();
        }
        return found / (double) expected;
    }

    private static List<Long> ids(List<Hit> hits) {
        return hits.stream().map(Hit::rowId).toList();
    }
}
