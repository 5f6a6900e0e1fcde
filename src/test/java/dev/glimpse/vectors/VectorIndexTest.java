package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.ClusteredVectors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VectorIndexTest {
    private static final ClusteredVectors CONES = ClusteredVectors.inCones(11, 140);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @TempDir
    private Path folder;

    private VectorIndex index;

    @BeforeEach
    void begin() {
        index = new VectorIndex(folder, ClusteredVectors.DIMENSION);
    }

    @AfterEach
    void end() {
        index.close();
        threads.shutdownNow();
    }

    @Test
    void exactSearchEqualsBruteForce() {
        BitSet live = put(CONES, 3000);
        VectorView view = index.view(live);

        for (int i = 0; i < 5; i++) {
            List<Hit> nearest = view.nearestExact(CONES.query(i), 25);

            assertThat(ids(nearest)).isEqualTo(bruteForce(CONES, live, CONES.query(i), 25));
            assertThat(nearest).isSortedAccordingTo(Comparator.comparing(Hit::distance));
        }
    }

    /** So many that several threads search, with gaps on both sides of where the rows of one thread end. */
    @Test
    void exactSearchOfManyRowsByOneOrSeveralQueriesEqualsBruteForce() {
        BitSet live = put(CONES, 40_000);
        live.clear(8_190, 8_195);
        live.clear(16_380, 24_580);
        VectorView view = index.view(live);
        List<float[]> queries = List.of(CONES.query(1), CONES.row(8_191), CONES.row(39_999));

        List<List<Hit>> together = view.nearestExact(queries, 25, 0);

        for (int i = 0; i < queries.size(); i++) {
            assertThat(ids(view.nearestExact(queries.get(i), 25)))
                    .isEqualTo(bruteForce(CONES, live, queries.get(i), 25))
                    .isEqualTo(ids(together.get(i)));
        }
    }

    @Test
    void vectorsMayBeLongerThanOnePartOfADotProduct() {
        int dimension = 700;
        try (VectorIndex large = new VectorIndex(folder, dimension)) {
            BitSet live = all(1500);
            live.stream().forEach(row -> large.put(row, lengthened(CONES.row(row), dimension)));

            List<Hit> nearest = large.view(live).nearestExact(lengthened(CONES.query(1), dimension), 25);

            assertThat(ids(nearest)).isEqualTo(bruteForce(CONES, live, CONES.query(1), 25));
            assertThat(large.view(live).vector(7)).contains(lengthened(CONES.row(7), dimension));
        }
    }

    @Test
    void sampleIsSpreadEvenlyOverTheRowsThatAreThere() {
        BitSet live = put(CONES, 1000);
        live.clear(0, 800);
        live.clear(900);
        VectorView view = index.view(live);

        assertThat(view.sample(2)).containsExactly(CONES.row(800), CONES.row(899));
        assertThat(view.sample(1000)).hasSize(199).doesNotHaveDuplicates();
        assertThat(index.view(new BitSet()).sample(4)).isEmpty();
    }

    @Test
    void searchByCodesFindsTheNeighborsAmongClusters() {
        ClusteredVectors clusters = ClusteredVectors.aroundOrigin(5, 140);

        VectorView view = index.view(put(clusters, 20_000));

        assertThat(recall(view, queries(clusters, 50), 200)).isGreaterThanOrEqualTo(0.95);
    }

    @Test
    void searchByCodesFindsTheNeighborsOfTextsAndOfPicturesInTheirCones() {
        VectorView view = index.view(put(CONES, 20_000));
        List<float[]> pictures =
                IntStream.range(20_000, 20_050).mapToObj(CONES::row).toList();

        assertThat(recall(view, queries(CONES, 50), 200)).isGreaterThanOrEqualTo(0.95);
        assertThat(recall(view, pictures, 200)).isGreaterThanOrEqualTo(0.95);
    }

    /** The codes of the first rows are on the heap and those of later ones in a mapped file; these rows are on both sides of where that changes. */
    @ParameterizedTest
    @ValueSource(ints = {512, 1100})
    void rowsWhoseCodesAreInAFileAreFoundLikeOthers(int dimension) {
        int rows = 3000;
        int first = 2 * VectorIndex.CHUNK_ROWS - 1000;
        try (VectorIndex low = new VectorIndex(folder, dimension);
                VectorIndex high = new VectorIndex(folder, dimension)) {
            for (int row = 0; row < rows; row++) {
                low.put(row, lengthened(CONES.row(row), dimension));
                high.put(first + row, lengthened(CONES.row(row), dimension));
            }
            low.replace(2500, lengthened(CONES.query(7), dimension));
            high.replace(first + 2500, lengthened(CONES.query(7), dimension));
            BitSet highest = new BitSet();
            highest.set(first, first + rows);
            VectorView lows = low.view(all(rows));
            VectorView highs = high.view(highest);
            BitSet few = new BitSet();
            IntStream.range(0, rows / 10).forEach(n -> few.set(first + 10 * n));

            for (int n = 0; n < 20; n++) {
                float[] query = lengthened(CONES.query(n), dimension);
                assertThat(highs.nearest(query, 10, 50))
                        .isEqualTo(lows.nearest(query, 10, 50).stream()
                                .map(hit -> new Hit(first + hit.rowId(), hit.distance()))
                                .toList());
                assertThat(highs.restrictedTo(few).nearest(query, 10, 20)).hasSize(10);
            }
            assertThat(highs.nearest(lengthened(CONES.query(7), dimension), 1, 50)
                            .get(0)
                            .rowId())
                    .isEqualTo(first + 2500);
        }
    }

    /** So many that all codes are compared in blocks, of which some are on the heap and others in a mapped file. */
    @Test
    void scanOfCodesInAFileFindsWhatAScanOfThoseOnTheHeapFinds() {
        int rows = 40_000;
        int first = 2 * VectorIndex.CHUNK_ROWS - rows / 2 - 77;
        BitSet highest = new BitSet();
        highest.set(first, first + rows);
        try (VectorIndex high = new VectorIndex(folder, ClusteredVectors.DIMENSION)) {
            for (int row = 0; row < rows; row++) {
                index.put(row, CONES.row(row));
                high.put(first + row, CONES.row(row));
            }
            VectorView lows = index.view(all(rows));
            VectorView highs = high.view(highest);

            for (int n = 0; n < 20; n++) {
                assertThat(highs.nearest(CONES.query(n), 10, 50))
                        .isEqualTo(lows.nearest(CONES.query(n), 10, 50).stream()
                                .map(hit -> new Hit(first + hit.rowId(), hit.distance()))
                                .toList());
            }
        }
    }

    /** The first codes are made when there are 1,024 rows. Without a name the file of codes cannot be mapped, as on a full disk. */
    @Test
    void failureAtTheFirstCodesLeavesNoRowWithoutACode() throws IOException {
        int first = 2 * VectorIndex.CHUNK_ROWS;
        for (int row = 0; row < 1023; row++) {
            index.put(first + row, CONES.row(row));
        }
        Path codes = files().stream()
                .filter(file -> file.getFileName().toString().startsWith("codes"))
                .findAny()
                .orElseThrow();
        Path elsewhere = Files.move(codes, codes.resolveSibling("elsewhere"));
        for (int n = 0; n < 2; n++) {
            assertThatThrownBy(() -> index.put(first + 1023, CONES.row(1023))).isInstanceOf(UncheckedIOException.class);
        }
        assertThat(index.holds(first + 1023)).isFalse();
        BitSet live = new BitSet();
        live.set(first, first + 1023);
        assertThat(ids(index.view(live).nearest(CONES.row(7), 1, 10))).containsExactly(first + 7L);

        Files.move(elsewhere, codes);
        index.put(first + 1023, CONES.row(1023));
        index.put(first + 1024, CONES.row(1024));

        live.set(first, first + 1025);
        VectorView view = index.view(live);
        assertThat(List.of(7, 1023, 1024))
                .allSatisfy(row ->
                        assertThat(ids(view.nearest(CONES.row(row), 1, 10))).containsExactly((long) first + row));
    }

    @Test
    void distancesOfASearchByCodesAreExact() {
        BitSet live = put(CONES, 3000);
        VectorView view = index.view(live);

        List<Hit> nearest = view.nearest(CONES.query(1), 10, 100);

        assertThat(view.nearestExact(CONES.query(1), 3000)).containsAll(nearest);
        assertThat(nearest).isSortedAccordingTo(Comparator.comparing(Hit::distance));
    }

    @Test
    void rowsAtTheSameDistanceComeByRowId() {
        for (int row = 0; row < 3000; row++) {
            index.put(row, CONES.row(row % 3));
        }
        VectorView view = index.view(all(3000));

        assertThat(ids(view.nearest(CONES.row(1), 4, 100))).containsExactly(1L, 4L, 7L, 10L);
        assertThat(ids(view.nearestExact(CONES.row(1), 4))).containsExactly(1L, 4L, 7L, 10L);
    }

    @Test
    void removedRowIsMissingFromNewViewsAndStaysInOldOnes() {
        BitSet live = put(CONES, 3000);
        VectorView before = index.view(live);
        long nearest = ids(before.nearest(CONES.row(77), 1, 100)).get(0);

        live.clear((int) nearest);
        VectorView after = index.view(live);

        assertThat(nearest).isEqualTo(77);
        assertThat(ids(before.nearest(CONES.row(77), 10, 100))).contains(nearest);
        assertThat(ids(after.nearest(CONES.row(77), 10, 100))).hasSize(10).doesNotContain(nearest);
        assertThat(ids(after.nearestExact(CONES.row(77), 10))).hasSize(10).doesNotContain(nearest);
        assertThat(index.holds(nearest)).isTrue();
    }

    @Test
    void rowIdsMayHaveGapsAndSpanSeveralChunks() {
        BitSet live = new BitSet();
        for (int i = 0; i < 2000; i++) {
            int row = i * 101;
            index.put(row, CONES.row(row));
            live.set(row);
        }
        VectorView view = index.view(live);

        for (int row : new int[] {0, 101, 199_980 / 101 * 101, 1999 * 101}) {
            assertThat(ids(view.nearest(CONES.row(row), 1, 50))).containsExactly((long) row);
            assertThat(ids(view.nearestExact(CONES.row(row), 10)))
                    .isEqualTo(bruteForce(CONES, live, CONES.row(row), 10));
        }
        assertThat(index.holds(1)).isFalse();
        assertThat(index.holds(Long.MAX_VALUE)).isFalse();
    }

    @Test
    void viewsAreStableWhileRowsAreAdded() throws Exception {
        int rows = 4000;
        List<Future<?>> searches = new ArrayList<>();

        for (int row = 0; row < rows; row++) {
            index.put(row, CONES.row(row));
            // The codes begin with row 1023: these two rows lie on both sides of that.
            if (row % 1000 == 0 || row == 1022 || row == 1023) {
                BitSet live = all(row + 1);
                VectorView view = index.view(live);
                float[] query = CONES.query(row);
                List<Long> expected = bruteForce(CONES, live, query, 10);
                List<Hit> byCodes = view.nearest(query, 10, 60);
                searches.add(threads.submit(() -> {
                    for (int i = 0; i < 20; i++) {
                        assertThat(ids(view.nearestExact(query, 10))).isEqualTo(expected);
                        assertThat(view.nearest(query, 10, 60)).isEqualTo(byCodes);
                    }
                }));
            }
        }

        for (Future<?> search : searches) {
            search.get();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 1500})
    void askingForMoreRowsThanThereAreGivesAllOfThem(int rows) {
        VectorView view = index.view(put(CONES, rows));

        assertThat(view.nearest(CONES.query(1), 2000, 10)).hasSize(rows);
        assertThat(view.nearestExact(CONES.query(1), 2000)).hasSize(rows);
        assertThat(view.nearest(CONES.query(1), 1000, 10)).hasSize(Math.min(rows, 1000));
    }

    @Test
    void emptyIndexHasNoNeighbors() {
        VectorView view = index.view(new BitSet());

        assertThat(view.nearest(CONES.query(1), 10, 100)).isEmpty();
        assertThat(view.nearestExact(CONES.query(1), 10)).isEmpty();
        assertThat(Oversampling.calibrate(view, queries(CONES, 1), 10, 0.95).recall())
                .isEqualTo(1);
    }

    @Test
    void viewWithoutRowsHasNoNeighbors() {
        put(CONES, 2000);

        assertThat(index.view(new BitSet()).nearest(CONES.query(1), 10, 100)).isEmpty();
    }

    @Test
    void distancesOfEqualVectorsAreNumbers() {
        float[] same = CONES.row(1);
        for (int row = 0; row < 2000; row++) {
            index.put(row, same);
        }
        VectorView view = index.view(all(2000));

        assertThat(view.nearest(same, 10, 100))
                .hasSize(10)
                .allSatisfy(hit -> assertThat(hit.distance()).isBetween(0f, 1e-6f));
    }

    @ParameterizedTest
    @CsvSource({"256, 72", "512, 72", "768, 136", "1024, 136", "1152, 200", "1536, 200"})
    void rowTakesABitForEachNumberAndWhatFillsItUp(int dimension, int bytes) {
        assertThat(BinaryCodes.Rows.bytesPerRow(dimension)).isEqualTo(bytes);
    }

    @Test
    void rowTakesTwoCodesInMappedFiles() {
        assertThat(VectorIndex.bytesPerRow(512)).isEqualTo(72 + 200);
    }

    @ParameterizedTest
    @CsvSource({"1, 20, 50", "10, 98, 50", "100, 98, 200", "1000, 3000, 2000", "10, 8000, 250"})
    void vectorsAreReadForNeighborsOrForCandidates(int k, int candidates, int vectors) {
        assertThat(VectorView.vectorsRead(k, candidates)).isEqualTo(vectors);
    }

    /** 62 vectors of 2,000 candidates are read. */
    @Test
    void fewVectorsHaveNearlyAllNeighborsThatManyCandidatesHave() {
        VectorView view = index.view(put(CONES, 20_000));
        long found = 0;
        for (int i = 0; i < 50; i++) {
            List<Long> nearest = ids(view.nearestExact(CONES.query(i), 10));
            found += ids(view.nearest(CONES.query(i), 10, 2_000)).stream()
                    .filter(nearest::contains)
                    .count();
        }

        assertThat(found).isGreaterThanOrEqualTo(495);
    }

    @Test
    void replacedRowIsFoundByItsNewFinerCode() {
        BitSet live = put(CONES, 20_000);
        float[] query = CONES.query(3);

        index.replace(7, query);

        assertThat(ids(index.view(live).nearest(query, 1, 2_000))).containsExactly(7L);
    }

    @Test
    void dimensionsNeedNotBeAPowerOfTwo() {
        try (VectorIndex small = new VectorIndex(folder, 100)) {
            BitSet live = all(3000);
            live.stream().forEach(row -> small.put(row, cut(CONES.row(row))));
            VectorView view = small.view(live);

            assertThat(Oversampling.calibrate(
                                    view,
                                    queries(CONES, 20).stream()
                                            .map(VectorIndexTest::cut)
                                            .toList(),
                                    10,
                                    0.95)
                            .recall())
                    .isGreaterThanOrEqualTo(0.95);
        }
    }

    @Test
    void rowsThatEqualTheQueryTakePlacesOfItsTrueNeighbors() {
        BitSet live = put(CONES, 100);
        float[] query = CONES.row(0);
        for (int row = 100; row < 103; row++) {
            index.put(row, query);
            live.set(row);
        }

        List<Hit> truth =
                Oversampling.truth(index.view(live), List.of(query), 10).get(0);

        // Of eleven rows, which a search for ten finds beside the query itself, four are equal to it.
        assertThat(ids(truth)).hasSize(7).doesNotContain(0L, 100L, 101L, 102L);
        assertThat(ids(index.view(live).nearestExact(query, 11))).containsAll(ids(truth));
    }

    @Test
    void calibrationFindsTheFewestCandidatesThatReachTheRecall() {
        VectorView view = index.view(put(CONES, 5000));
        List<float[]> queries = queries(CONES, 20);

        Oversampling few = Oversampling.calibrate(view, queries, 10, 0.5);
        Oversampling enough = Oversampling.calibrate(view, queries, 10, 0.99);

        assertThat(enough.recall()).isGreaterThanOrEqualTo(0.99).isEqualTo(recall(view, queries, enough.candidates()));
        assertThat(recall(view, queries, enough.candidates() * 5 / 7)).isLessThan(0.99);
        assertThat(few.candidates()).isLessThanOrEqualTo(enough.candidates());
    }

    @Test
    void invalidRowIsRefusedAndNamed() {
        put(CONES, 2);

        assertThatThrownBy(() -> index.put(1, CONES.row(1))).hasMessageContaining(": 1");
        assertThatThrownBy(() -> index.put(-1, CONES.row(1))).hasMessageContaining(": -1");
        assertThatThrownBy(() -> index.put(2, new float[3])).hasMessageContaining("512 dimensions, found 3");
        assertThatThrownBy(() -> index.view(all(3))).hasMessageContaining("row 2");
        assertThatThrownBy(() -> index.view(all(2)).nearest(CONES.row(1), 0, 10))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void searchesThatBeginAfterTheCloseFail() throws Exception {
        VectorView view = index.view(put(CONES, 3000));
        view.nearest(CONES.query(0), 10, 100);
        List<Future<?>> searches = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            searches.add(threads.submit(() -> {
                // Every answer is right until the close; any other failure ends up in the future.
                assertThatThrownBy(() -> {
                            while (true) {
                                assertThat(ids(view.nearest(CONES.row(7), 1, 100)))
                                        .containsExactly(7L);
                                assertThat(view.nearestExact(CONES.row(7), 10)).hasSize(10);
                            }
                        })
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }));
        }

        index.close();
        index.close();

        for (Future<?> search : searches) {
            search.get();
        }
        assertThatThrownBy(() -> index.put(9999, CONES.row(1))).isInstanceOf(IllegalStateException.class);
        assertThat(files()).isEmpty();
    }

    @Test
    void interruptedSearchDoesNotDisturbOthers() throws Exception {
        // Beyond the mapped rows, because only a channel is closed by an interrupt.
        int first = 1 << 14;
        BitSet live = new BitSet();
        for (int row = 0; row < 3000; row++) {
            index.put(first + row, CONES.row(row));
            live.set(first + row);
        }
        VectorView view = index.view(live);
        Future<?> other = threads.submit(() -> {
            for (int i = 0; i < 300; i++) {
                assertThat(view.nearest(CONES.row(7), 10, 100)).hasSize(10);
            }
        });

        for (int i = 0; i < 50; i++) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> view.nearest(CONES.row(7), 10, 100))
                    .isInstanceOf(SearchInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }

        other.get();
        assertThat(view.nearestExact(CONES.row(7), 10)).hasSize(10);
    }

    @Test
    void interruptedWriterStillWrites() {
        for (int row = 0; row < 2000; row++) {
            Thread.currentThread().interrupt();
            index.put(row, CONES.row(row));
        }
        assertThat(Thread.interrupted()).isTrue();

        assertThat(ids(index.view(all(2000)).nearest(CONES.row(1), 1, 50))).containsExactly(1L);
    }

    private BitSet put(ClusteredVectors vectors, int rows) {
        for (int row = 0; row < rows; row++) {
            index.put(row, vectors.row(row));
        }
        return all(rows);
    }

    private static BitSet all(int rows) {
        BitSet live = new BitSet();
        live.set(0, rows);
        return live;
    }

    private static List<float[]> queries(ClusteredVectors vectors, int count) {
        return IntStream.range(0, count).mapToObj(vectors::query).toList();
    }

    private static double recall(VectorView view, List<float[]> queries, int candidates) {
        long found = 0;
        for (float[] query : queries) {
            List<Long> truth = ids(view.nearestExact(query, 10));
            found += ids(view.nearest(query, 10, candidates)).stream()
                    .filter(truth::contains)
                    .count();
        }
        return found / (10.0 * queries.size());
    }

    /** An independent exact search, in float64. */
    private static List<Long> bruteForce(ClusteredVectors vectors, BitSet live, float[] query, int k) {
        record Row(long id, double cosine) {}
        return live.stream()
                .mapToObj(id -> new Row(id, cosine(vectors.row(id), query)))
                .sorted(Comparator.comparingDouble(Row::cosine).reversed().thenComparing(Row::id))
                .limit(k)
                .map(Row::id)
                .toList();
    }

    private static double cosine(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (double) a[i] * b[i])
                .sum();
    }

    private static float[] cut(float[] vector) {
        float[] cut = Arrays.copyOf(vector, 100);
        double norm = Math.sqrt(cosine(cut, cut));
        for (int i = 0; i < cut.length; i++) {
            cut[i] /= (float) norm;
        }
        return cut;
    }

    /** A vector with zeros between its values, which change no dot product. */
    private static float[] lengthened(float[] vector, int dimension) {
        float[] longer = new float[dimension];
        for (int i = 0; i < vector.length; i++) {
            longer[i * dimension / vector.length] = vector[i];
        }
        return longer;
    }

    private static List<Long> ids(List<Hit> hits) {
        return hits.stream().map(Hit::rowId).toList();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
