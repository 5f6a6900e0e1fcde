package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Small models with random weights of the architectures beside CLIP, against what transformers and open_clip made of the same weights:
 * {@code tools/check-parity/tiny.py} wrote both. {@code scripts/selftest parity --architectures} does it at full size.
 */
class OtherArchitecturesIT {
    static final Path MODELS = Path.of("src/test/resources/models");

    @ParameterizedTest
    @ValueSource(strings = {"tiny-siglip", "tiny-siglip2", "tiny-clipa", "tiny-xlm-roberta"})
    void answersAsTheReferenceDoes(String name) throws IOException {
        JsonNode expected = new JsonMapper().readTree(MODELS.resolve(name).resolve("expected.json"));

        try (ClipModel model = ClipModel.load(MODELS.resolve(name), TestScheduler.SCHEDULER)) {
            for (JsonNode text : expected.get("texts")) {
                String words = text.get("text").stringValue();
                long[] ids = ids(text);

                assertThat(padded(
                                model.tokenize(words).ids(),
                                ids.length,
                                model.descriptor().text().padId()))
                        .as(words)
                        .isEqualTo(ids);
                assertThat(model.embed(words, TestScheduler.ticket())
                                .join()
                                .embedding()
                                .cosine(vector(text)))
                        .as(words)
                        .isGreaterThan(0.9999);
            }
            for (JsonNode picture : expected.get("pictures")) {
                String file = picture.get("picture").stringValue();

                assertThat(model.embed(decoded(file), TestScheduler.ticket())
                                .join()
                                .cosine(vector(picture)))
                        .as(file)
                        .isGreaterThan(0.9999);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-siglip2", "tiny-clipa"})
    void picturesThatComeTogetherAnswerAsEachAlone(String name) throws IOException {
        JsonNode pictures = new JsonMapper()
                .readTree(MODELS.resolve(name).resolve("expected.json"))
                .get("pictures");

        try (ClipModel model = ClipModel.load(MODELS.resolve(name), TestScheduler.SCHEDULER)) {
            List<CompletableFuture<Embedding>> together = pictures.valueStream()
                    .map(picture -> model.embed(decoded(picture.get("picture").stringValue()), TestScheduler.ticket()))
                    .toList();

            for (int i = 0; i < together.size(); i++) {
                assertThat(together.get(i).join().cosine(vector(pictures.get(i))))
                        .isGreaterThan(0.9999);
            }
        }
    }

    private static DecodedImage decoded(String file) {
        return new TestDecoder().decode(TestImages.file(file));
    }

    private static long[] ids(JsonNode text) {
        return text.get("ids").valueStream().mapToLong(JsonNode::longValue).toArray();
    }

    /** As the reference fills texts up. */
    private static long[] padded(long[] ids, int length, int with) {
        long[] padded = Arrays.copyOf(ids, Math.max(length, ids.length));
        Arrays.fill(padded, ids.length, padded.length, with);
        return padded;
    }

    private static Embedding vector(JsonNode node) {
        byte[] bytes = Base64.getDecoder().decode(node.get("vector").stringValue());
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Embedding(values);
    }
}
