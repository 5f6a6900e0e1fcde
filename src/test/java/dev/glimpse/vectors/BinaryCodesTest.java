package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes in a mapped file, beside the same codes on the heap. A scan of a file copies 256 rows of 512 dimensions at a time. */
class BinaryCodesTest {
    private static final int ROWS = 1500;

    /** First row and number of rows of scans, which begin and end before, at and after the ends of such copies. */
    private static final int[][] RANGES = {
        {0, 1024}, {0, 256}, {255, 2}, {256, 256}, {3, 257}, {300, 1024}, {ROWS - 1, 1}, {7, 0}
    };

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {300, 512, 1100, 1536})
    void scanOfAFileGivesTheDistancesOfEachRow(int dimension) {
        Random random = new Random(dimension);
        BinaryCodes codes = new BinaryCodes(new Rotation(RandomVectors.unit(random, dimension)));
        Rows heap = Rows.onHeap(ROWS, dimension);
        try (MappedFile file = new MappedFile(folder, "codes", ROWS * Rows.bytesPerRow(dimension))) {
            Rows mapped = new Rows(file.chunk(1), ROWS, dimension);
            for (int row = 0; row < ROWS; row++) {
                float[] vector = RandomVectors.unit(random, dimension);
                codes.encode(vector, heap, row);
                codes.encode(vector, mapped, row);
            }
            BinaryCodes.Query query = codes.query(RandomVectors.unit(random, dimension));

            for (int[] range : RANGES) {
                int[] expected = IntStream.range(range[0], range[0] + range[1])
                        .map(row -> query.distance(heap, row))
                        .toArray();
                assertThat(distances(query, heap, range)).isEqualTo(expected);
                assertThat(distances(query, mapped, range)).isEqualTo(expected);
            }
            for (int row = 0; row < ROWS; row += 7) {
                assertThat(codes.bits(mapped, row)).isEqualTo(codes.bits(heap, row));
                assertThat(query.distance(mapped, row)).isEqualTo(query.distance(heap, row));
                assertThat(query.cosine(mapped, row)).isEqualTo(query.cosine(heap, row));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 1100, 1536})
    void distanceIsTheNumberOfBitsThatDiffer(int dimension) {
        Random random = new Random(dimension);
        BinaryCodes codes = new BinaryCodes(new Rotation(new float[dimension]));
        Rows rows = Rows.onHeap(2, dimension);
        float[] vector = RandomVectors.unit(random, dimension);
        float[] opposite = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            opposite[i] = -vector[i];
        }
        codes.encode(vector, rows, 0);
        codes.encode(opposite, rows, 1);

        assertThat(codes.query(vector).distance(rows, 0)).isZero();
        assertThat(codes.query(vector).distance(rows, 1)).isEqualTo(dimension);
        assertThat(codes.query(vector).cosine(rows, 0)).isCloseTo(1, within(1e-3f));
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 1100})
    void copyOfACodeIsLikeIt(int dimension) {
        Random random = new Random(dimension);
        BinaryCodes codes = new BinaryCodes(new Rotation(RandomVectors.unit(random, dimension)));
        Rows heap = Rows.onHeap(ROWS, dimension);
        try (MappedFile file = new MappedFile(folder, "codes", ROWS * Rows.bytesPerRow(dimension))) {
            Rows mapped = new Rows(file.chunk(0), ROWS, dimension);
            codes.encode(RandomVectors.unit(random, dimension), mapped, 3);
            BinaryCodes.Query query = codes.query(RandomVectors.unit(random, dimension));

            codes.copy(mapped, 3, heap, 300);
            codes.copy(heap, 300, mapped, 1000);

            assertThat(query.cosine(heap, 300)).isEqualTo(query.cosine(mapped, 3));
            assertThat(query.cosine(mapped, 1000)).isEqualTo(query.cosine(mapped, 3));
        }
    }

    private static int[] distances(BinaryCodes.Query query, Rows rows, int[] range) {
        int[] distances = new int[BinaryCodes.BLOCK_ROWS];
        Arrays.fill(distances, 12345);
        query.distances(rows, range[0], range[1], distances);
        assertThat(Arrays.stream(distances).skip(range[1])).allMatch(untouched -> untouched == 12345);
        return Arrays.copyOf(distances, range[1]);
    }
}
