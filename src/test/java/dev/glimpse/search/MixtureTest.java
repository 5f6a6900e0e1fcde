package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.vectors.Embedding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixtureTest {
    private static final Embedding EAST = new Embedding(new float[] {1, 0, 0});
    private static final Embedding NORTH = new Embedding(new float[] {0, 1, 0});

    @Test
    void termsCountAsMuchAsTheyWeigh() {
        Mixture mixture = new Mixture(3);
        mixture.add(EAST, 3);
        mixture.add(NORTH, 4);

        float[] direction = mixture.direction().toArray();

        assertThat(direction[0]).isCloseTo(0.6f, within(1e-6f));
        assertThat(direction[1]).isCloseTo(0.8f, within(1e-6f));
    }

    @Test
    void whatIsNotWantedPointsAway() {
        Mixture mixture = new Mixture(3);
        mixture.add(EAST, 1);
        mixture.add(NORTH, -1);

        assertThat(mixture.direction().cosine(NORTH)).isNegative();
    }

    @ParameterizedTest
    @ValueSource(doubles = {1000, 0.001, 1e-50, 1e-200, 1e-300})
    void oneTermAloneIsItselfWhateverItWeighs(double weight) {
        Mixture mixture = new Mixture(3);
        mixture.add(NORTH, weight);

        assertThat(mixture.direction()).isEqualTo(NORTH);
    }

    @Test
    void termsThatCancelEachOtherOutAreNoQuery() {
        Mixture mixture = new Mixture(3);
        mixture.add(EAST, 1000);
        mixture.add(EAST, -1000);

        assertThatThrownBy(mixture::direction)
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining("cancel");
    }
}
