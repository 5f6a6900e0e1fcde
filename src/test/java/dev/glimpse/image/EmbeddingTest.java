package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EmbeddingTest {
    @Test
    void cosineOfUnitVectorsIsTheirProduct() {
        Embedding east = new Embedding(new float[] {1, 0});
        Embedding northEast = new Embedding(new float[] {0.6f, 0.8f});

        assertThat(east.cosine(northEast)).isCloseTo(0.6, within(1e-6));
        assertThat(east.cosine(east)).isCloseTo(1, within(1e-6));
    }

    @Test
    void arrayIsCopiedInAndOut() {
        float[] values = {1, 0};
        Embedding embedding = new Embedding(values);

        values[0] = 0;
        embedding.toArray()[0] = 0;

        assertThat(embedding.toArray()).containsExactly(1, 0);
    }

    @Test
    void whatIsNotOfUnitLengthIsRefused() {
        assertThatThrownBy(() -> new Embedding(new float[] {1, 1})).hasMessageContaining("unit length");
        assertThatThrownBy(() -> new Embedding(new float[] {0, 0})).hasMessageContaining("unit length");
        assertThatThrownBy(() -> new Embedding(new float[] {Float.NaN, 0})).hasMessageContaining("unit length");
    }
}
