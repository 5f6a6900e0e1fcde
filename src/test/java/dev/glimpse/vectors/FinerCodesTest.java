package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.LongBuffer;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FinerCodesTest {
    private static final int ROWS = 2_000;

    /** By theory the errors of eight levels and of two are as 0.197 to 0.756: of the quantization, the root of 0.0374 and of 0.363. */
    @ParameterizedTest
    @ValueSource(ints = {64, 300, 512, 1100})
    void errorOfAnEstimateIsAQuarterOfThatOfABinaryCode(int dimension) {
        Random random = new Random(dimension);
        Rotation rotation = new Rotation(RandomVectors.unit(random, dimension));
        BinaryCodes binary = new BinaryCodes(rotation);
        BinaryCodes.Rows binaryRows = BinaryCodes.Rows.onHeap(ROWS, dimension);
        FinerCodes finer = new FinerCodes(dimension);
        LongBuffer finerRows = rows(dimension);
        float[][] vectors = new float[ROWS][];
        for (int row = 0; row < ROWS; row++) {
            vectors[row] = RandomVectors.unit(random, dimension);
            binary.encode(vectors[row], binaryRows, row);
            finer.encode(rotation.split(vectors[row]), finerRows, row);
        }
        float[] query = RandomVectors.unit(random, dimension);
        BinaryCodes.Query prepared = binary.query(query);
        long[] code = finer.newCode();

        double binaryError = error(row -> prepared.cosine(binaryRows, row) - BinaryCodes.dot(vectors[row], 0, query));
        double finerError = error(
                row -> finer.cosine(prepared.sums(), finerRows, row, code) - BinaryCodes.dot(vectors[row], 0, query));

        assertThat(finerError).isBetween(0.15 * binaryError, 0.35 * binaryError);
        double mean = IntStream.range(0, ROWS)
                .mapToDouble(row ->
                        finer.cosine(prepared.sums(), finerRows, row, code) - BinaryCodes.dot(vectors[row], 0, query))
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(0, within(4 * finerError / Math.sqrt(ROWS)));
    }

    @ParameterizedTest
    @CsvSource({"300, 128", "512, 200", "1100, 440"})
    void rowTakesThreeBitsForEachNumberAndTwoNumbers(int dimension, int bytes) {
        assertThat(FinerCodes.bytesPerRow(dimension)).isEqualTo(bytes);
    }

    @Test
    void vectorInTheCommonDirectionHasItsCosine() {
        float[] common = RandomVectors.unit(new Random(1), 512);
        Rotation rotation = new Rotation(common);
        FinerCodes codes = new FinerCodes(512);
        LongBuffer rows = rows(512);
        float[] other = RandomVectors.unit(new Random(2), 512);

        codes.encode(rotation.split(common), rows, 7);

        SignSums query = new BinaryCodes(rotation).query(other).sums();
        assertThat(codes.cosine(query, rows, 7, codes.newCode()))
                .isCloseTo(BinaryCodes.dot(common, 0, other), within(1e-5f));
    }

    @Test
    void zerosHaveNoCosine() {
        Rotation rotation = new Rotation(new float[100]);
        FinerCodes codes = new FinerCodes(100);
        LongBuffer rows = rows(100);

        codes.encode(rotation.split(new float[100]), rows, 0);

        SignSums query = new BinaryCodes(rotation)
                .query(RandomVectors.unit(new Random(3), 100))
                .sums();
        assertThat(codes.cosine(query, rows, 0, codes.newCode())).isZero();
    }

    private static LongBuffer rows(int dimension) {
        return LongBuffer.allocate(ROWS * FinerCodes.bytesPerRow(dimension) / Long.BYTES);
    }

    /** The root of the mean square. */
    private static double error(IntToDoubleFunction ofRow) {
        return Math.sqrt(IntStream.range(0, ROWS)
                .mapToDouble(ofRow)
                .map(error -> error * error)
                .average()
                .orElseThrow());
    }
}
