package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.vectors.Embedding;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class RelevanceTest {
    private static final Embedding TEXT = new Embedding(new float[] {1, 0});
    private static final Embedding ACROSS = new Embedding(new float[] {0, 1});
    private static final Embedding NEAR = new Embedding(new float[] {0.6f, 0.8f});
    private static final Relevance RELEVANCE = new Relevance(0.5, 0.05, List.of(ACROSS));

    @Test
    void levelIsTheMedianAndSpreadTheStandardDeviation() {
        Relevance measured = Relevance.measured(new double[] {0.9, 0.1, 0.5}, List.of(ACROSS));

        assertThat(measured.level()).isEqualTo(0.5);
        assertThat(measured.spread()).isCloseTo(Math.sqrt(0.32 / 3), within(1e-12));
    }

    @Test
    void relevanceFallsAsTheDistanceGrowsAndIsAlwaysAShare() {
        double[] relevances = DoubleStream.iterate(0, distance -> distance <= 2, distance -> distance + 0.01)
                .map(RELEVANCE.of(TEXT, 0)::at)
                .toArray();

        assertThat(relevances).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(relevances[0]).isGreaterThan(0.99).isLessThanOrEqualTo(1);
        assertThat(relevances[relevances.length - 1]).isNotNegative().isLessThan(1e-6);
    }

    @Test
    void hitAtTheLevelOfTextsThatMeanNothingIsProbablyNoMatch() {
        assertThat(RELEVANCE.of(TEXT, 0).at(0.5)).isCloseTo(1 / (1 + Math.exp(3.8)), within(1e-12));
    }

    @Test
    void textThatTellsPicturesApartMustComeNearer() {
        Relevance different = new Relevance(0.5, 0.05, List.of(ACROSS, NEAR));
        double deviation = 0.3;

        assertThat(different.of(TEXT, 0).at(0.4))
                .isLessThan(RELEVANCE.of(TEXT, 0).at(0.4));
        assertThat(different.of(TEXT, 0).at(0.4 - 1.5 * deviation / 4.3))
                .isCloseTo(RELEVANCE.of(TEXT, 0).at(0.4), within(1e-6));
    }

    @Test
    void brokenWordsCountAgainstAHit() {
        assertThat(RELEVANCE.of(TEXT, 3).at(0.4))
                .isLessThan(RELEVANCE.of(TEXT, 1).at(0.4));
        assertThat(RELEVANCE.of(TEXT, 1).at(0.4))
                .isLessThan(RELEVANCE.of(TEXT, 0).at(0.4));
    }

    @Test
    void picturesThatAreAllTheSameHaveARelevanceToo() {
        Relevance measured = Relevance.measured(new double[] {0.5, 0.5}, List.of(ACROSS, ACROSS));

        assertThat(measured.of(TEXT, 0).at(0.5)).isBetween(0.0, 1.0);
    }

    @Test
    void spreadOfNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Relevance(0.5, 0, List.of(ACROSS)))
                .withMessageContaining("spread");
        assertThatIllegalArgumentException().isThrownBy(() -> new Relevance(0.5, Double.NaN, List.of(ACROSS)));
    }
}
