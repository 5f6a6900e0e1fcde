package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EmbeddingTest {
    @Test
    void cosineIsOneWithItselfZeroAcrossAndMinusOneOpposite() {
        Embedding embedding = new Embedding(new float[] {0.6f, 0.8f});

        assertThat(embedding.cosine(embedding)).isCloseTo(1, within(1e-6));
        assertThat(embedding.cosine(new Embedding(new float[] {-0.8f, 0.6f}))).isCloseTo(0, within(1e-6));
        assertThat(embedding.cosine(new Embedding(new float[] {-0.6f, -0.8f}))).isCloseTo(-1, within(1e-6));
    }

    @Test
    void arraysAreCopiedInAndOut() {
        float[] given = {1, 0};
        Embedding embedding = new Embedding(given);

        given[0] = 5;
        embedding.toArray()[0] = 7;

        assertThat(embedding.toArray()).containsExactly(1, 0);
    }

    @Test
    void equalValuesAreEqual() {
        Embedding first = new Embedding(new float[] {0, 1});
        Embedding second = new Embedding(new float[] {0, 1});

        assertThat(first).isEqualTo(second).hasSameHashCodeAs(second);
        assertThat(first).isNotEqualTo(new Embedding(new float[] {1, 0}));
        assertThat(first).hasToString("Embedding[2]");
        assertThat(first.dimension()).isEqualTo(2);
    }

    @Test
    void refusesVectorsThatAreNotOfUnitLength() {
        for (float[] values : new float[][] {{}, {0, 0}, {1, 1}, {Float.NaN, 1}, {Float.POSITIVE_INFINITY}}) {
            assertThatThrownBy(() -> new Embedding(values))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("not of unit length: norm ");
        }
    }

    @Test
    void refusesTheCosineOfDifferentDimensions() {
        Embedding two = new Embedding(new float[] {0, 1});
        Embedding three = new Embedding(new float[] {0, 1, 0});

        assertThatThrownBy(() -> two.cosine(three))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dimensions differ: 2 and 3");
    }

    @Test
    void directionIsScaledToUnitLength() {
        assertThat(Embedding.ofDirection(new float[] {3, 0, -4}).toArray()).containsExactly(0.6f, 0, -0.8f);
    }

    @Test
    void zeroVectorHasNoDirection() {
        assertThatThrownBy(() -> Embedding.ofDirection(new float[3])).isInstanceOf(IllegalArgumentException.class);
    }
}
