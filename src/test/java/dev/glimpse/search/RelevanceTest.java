package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class RelevanceTest {
    private static final Relevance RELEVANCE = new Relevance(0.5, 0.05);

    @Test
    void levelIsTheMedianAndSpreadTheStandardDeviation() {
        Relevance measured = Relevance.measured(new double[] {0.9, 0.1, 0.5});

        assertThat(measured.level()).isEqualTo(0.5);
        assertThat(measured.spread()).isCloseTo(Math.sqrt(0.32 / 3), within(1e-12));
    }

    @Test
    void relevanceFallsAsTheDistanceGrowsAndIsAlwaysAShare() {
        double[] relevances = DoubleStream.iterate(0, distance -> distance <= 2, distance -> distance + 0.01)
                .map(distance -> RELEVANCE.of(distance, 0))
                .toArray();

        assertThat(relevances).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(relevances[0]).isGreaterThan(0.99).isLessThanOrEqualTo(1);
        assertThat(relevances[relevances.length - 1]).isNotNegative().isLessThan(1e-6);
    }

    @Test
    void hitAtTheLevelOfTextsThatMeanNothingIsProbablyNoMatch() {
        assertThat(RELEVANCE.of(0.5, 0)).isCloseTo(1 / (1 + Math.exp(6.4)), within(1e-12));
    }

    @Test
    void brokenWordsCountAgainstAHit() {
        assertThat(RELEVANCE.of(0.4, 3)).isLessThan(RELEVANCE.of(0.4, 1));
        assertThat(RELEVANCE.of(0.4, 1)).isLessThan(RELEVANCE.of(0.4, 0));
    }

    @Test
    void picturesThatAreAllTheSameHaveARelevanceToo() {
        assertThat(Relevance.measured(new double[] {0.5, 0.5}).of(0.5, 0)).isBetween(0.0, 1.0);
    }

    @Test
    void spreadOfNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Relevance(0.5, 0))
                .withMessageContaining("spread");
        assertThatIllegalArgumentException().isThrownBy(() -> new Relevance(0.5, Double.NaN));
    }
}
