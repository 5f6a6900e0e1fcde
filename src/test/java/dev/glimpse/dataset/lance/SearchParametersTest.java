package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.vectors.Oversampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchParametersTest {
    private static final SearchParameters MEASURED =
            SearchParameters.UNMEASURED.with(new Oversampling(100, 0.02, 0.98), new Oversampling(4000, 0.08, 0.98));

    @ParameterizedTest
    @CsvSource({
        "1, 100, 0.02",
        "10, 100, 0.02",
        "100, 632, 0.04",
        "1000, 4000, 0.08",
        "2000, 8000, 0.16",
        "20000, 80000, 1"
    })
    void whatIsLookedAtGrowsWithTheNumberOfNeighbors(int k, int candidates, double share) {
        Oversampling effort = MEASURED.forNearest(k);

        assertThat(effort.candidates()).isEqualTo(candidates);
        assertThat(effort.share()).isBetween(share - 1e-9, share + 1e-9);
    }

    @ParameterizedTest
    @CsvSource({"1, 400", "10, 400", "50, 2000", "1000, 8096"})
    void withoutAMeasurementOfManyNeighborsTheyAreInProportionToFew(int k, int candidates) {
        assertThat(SearchParameters.UNMEASURED.forNearest(k)).isEqualTo(new Oversampling(candidates, 1, Double.NaN));
    }

    @Test
    void whatWasMeasuredOfTheIndexStays() {
        IndexTuning tuning = new IndexTuning(7, 0, 0, 0.9);

        assertThat(MEASURED.with(tuning).with(new Oversampling(1, 1, 1), null).index())
                .isEqualTo(tuning);
    }
}
