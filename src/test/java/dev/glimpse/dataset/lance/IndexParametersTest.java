package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.IndexKind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IndexParametersTest {
    @ParameterizedTest
    @CsvSource({"300, 256", "60000, 256", "100000, 207", "1000000, 65", "10000000, 32"})
    void partitionsOfManyRowsAreFoundFromFewerVectorsEach(long rows, int vectors) {
        int partitions = IndexParameters.partitions(IndexKind.IVF_SQ, rows);

        assertThat(IndexParameters.vectorsForEach(partitions)).isEqualTo(vectors);
    }
}
