package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.ClusteredVectors;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches among some of the rows. */
class RestrictedViewTest {
    private static final int ROWS = 30_000;
    private static final int QUERIES = 50;
    private static final int CANDIDATES = 60;
    private static final int K = 10;
    private static final long SEED = 20_261_129;

    private static final ClusteredVectors VECTORS = ClusteredVectors.inCones(11, 140);

    @TempDir
    private static Path folder;

    private static VectorIndex index;
    private static VectorView all;
    private static double recallAmongAll;

    @BeforeAll
    static void fill() {
        index = new VectorIndex(folder, ClusteredVectors.DIMENSION);
        for (int row = 0; row < ROWS; row++) {
            index.put(row, VECTORS.row(row));
        }
        BitSet live = new BitSet();
        live.set(0, ROWS);
        all = index.view(live);
        recallAmongAll = recall(all, live);
    }

    @AfterAll
    static void close() {
        index.close();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.1, 0.03, 0.01, 0.001})
    void searchAmongSomeRowsFindsAtLeastAsManyOfTheTrueNeighborsAsAmongAll(double share) {
        BitSet some = some(share, SEED);

        double among = recall(all.restrictedTo(some), some);

        assertThat(among)
                .as("recall among %d rows of %d, seed %d", some.cardinality(), ROWS, SEED)
                .isGreaterThanOrEqualTo(recallAmongAll);
    }

    /** As with a tag: the rows that pass are near each other, and the query may be about something else. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.1, 0.01})
    void searchAmongRowsThatAreAlikeFindsAtLeastAsManyOfTheTrueNeighborsAsAmongAll(double share) {
        double among = 0;
        for (int n = 0; n < QUERIES; n++) {
            BitSet alike = new BitSet();
            all.nearestExact(VECTORS.row(7L * n + 3), (int) (share * ROWS))
                    .forEach(hit -> alike.set((int) hit.rowId()));
            among += recall(all.restrictedTo(alike), alike, n) / QUERIES;
        }

        assertThat(among).as("recall among %.0f %% of the rows", 100 * share).isGreaterThanOrEqualTo(recallAmongAll);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.5, 0.1, 0.01, 0.001})
    void exactSearchAmongSomeRowsEqualsBruteForce(double share) {
        BitSet some = some(share, SEED + 1);
        VectorView view = all.restrictedTo(some);

        for (int n = 0; n < 5; n++) {
            assertThat(ids(view.nearestExact(VECTORS.query(n), K))).isEqualTo(bruteForce(some, VECTORS.query(n)));
        }
    }

    @Test
    void rowsThatAreNotInTheViewAreNotFoundThoughTheyPass() {
        BitSet some = some(0.01, SEED + 2);
        BitSet live = (BitSet) some.clone();
        live.clear(some.nextSetBit(0));

        VectorView view = index.view(live).restrictedTo(some);

        assertThat(view.size()).isEqualTo(live.cardinality());
        assertThat(ids(view.nearest(VECTORS.row(some.nextSetBit(0)), ROWS, 1)))
                .containsExactlyInAnyOrderElementsOf(
                        live.stream().mapToObj(row -> (long) row).toList());
    }

    @Test
    void viewThatIsRestrictedToNothingFindsNothing() {
        VectorView none = all.restrictedTo(new BitSet());

        assertThat(none.nearest(VECTORS.query(1), K, CANDIDATES)).isEmpty();
        assertThat(none.nearestExact(VECTORS.query(1), K)).isEmpty();
        assertThat(all.size()).isEqualTo(ROWS);
    }

    private static BitSet some(double share, long seed) {
        Random random = new Random(seed);
        BitSet some = new BitSet();
        for (int row = 0; row < ROWS; row++) {
            some.set(row, random.nextDouble() < share);
        }
        return some;
    }

    private static double recall(VectorView view, BitSet rows) {
        return IntStream.range(0, QUERIES)
                .mapToDouble(n -> recall(view, rows, n))
                .average()
                .orElseThrow();
    }

    private static double recall(VectorView view, BitSet rows, int query) {
        List<Long> truth = bruteForce(rows, VECTORS.query(query));
        List<Long> found = ids(view.nearest(VECTORS.query(query), K, CANDIDATES));
        return truth.stream().filter(found::contains).count() / (double) truth.size();
    }

    /** An independent exact search, in float64. */
    private static List<Long> bruteForce(BitSet rows, float[] query) {
        record Row(long id, double cosine) {}
        return rows.stream()
                .mapToObj(id -> new Row(id, cosine(Vectors.ROWS[id], query)))
                .sorted(Comparator.comparingDouble(Row::cosine).reversed().thenComparing(Row::id))
                .limit(K)
                .map(Row::id)
                .toList();
    }

    /** The vectors in memory, because making them takes longer than comparing them. */
    private static final class Vectors {
        static final float[][] ROWS = IntStream.range(0, RestrictedViewTest.ROWS)
                .mapToObj(VECTORS::row)
                .toArray(float[][]::new);
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    private static List<Long> ids(List<Hit> hits) {
        return hits.stream().map(Hit::rowId).toList();
    }
}
