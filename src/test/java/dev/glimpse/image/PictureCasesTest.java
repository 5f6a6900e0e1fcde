package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files in {@code src/test/resources/cases}, each of a kind that went wrong once, with the right answers in {@code expected.json}
 * beside them: the statuses that are right, and of a picture that is taken its upright size and its mean colour over white.
 */
class PictureCasesTest {
    private final TestDecoder decoder = new TestDecoder();

    private record Case(String name, JsonNode expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    private record Answer(int status, String said, int width, int height, List<Double> mean) {
        static Answer refused(int status, RuntimeException e) {
            return new Answer(status, String.valueOf(e.getMessage()), 0, 0, List.of());
        }
    }

    static Stream<Case> cases() {
        JsonNode expected = JsonMapper.shared().readTree(file("expected.json"));
        return expected.propertyStream().map(each -> new Case(each.getKey(), each.getValue()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void pictureIsSeenAsItWasMeant(Case file) {
        Answer answer = answer(file(file.name()));

        List<Integer> right = new ArrayList<>();
        file.expected().get("status").forEach(status -> right.add(status.intValue()));
        assertThat(answer.status()).as(answer.said()).isIn(right);
        if (answer.status() == 201) {
            assertSeen(answer, file.expected());
        }
    }

    private static void assertSeen(Answer answer, JsonNode expected) {
        if (expected.has("never") && !expected.get("never").isEmpty()) {
            assertThat(List.of(answer.width(), answer.height()))
                    .isNotEqualTo(List.of(
                            expected.get("never").get(0).intValue(),
                            expected.get("never").get(1).intValue()));
        }
        if (expected.has("width")) {
            assertThat(answer.width()).isEqualTo(expected.get("width").intValue());
            assertThat(answer.height()).isEqualTo(expected.get("height").intValue());
        }
        if (expected.has("mean") && !expected.get("mean").isNull()) {
            double tolerance = expected.get("tolerance").doubleValue();
            for (int color = 0; color < 3; color++) {
                double right = expected.get("mean").get(color).doubleValue();
                assertThat(Math.abs(answer.mean().get(color) - right))
                        .as("%s for %s", answer.mean(), expected.get("mean"))
                        .isLessThanOrEqualTo(tolerance);
            }
        }
    }

    private Answer answer(byte[] bytes) {
        try {
            DecodedImage image = decoder.decodeInTrueColors(bytes);
            return new Answer(
                    201,
                    "",
                    image.width(),
                    image.height(),
                    TestImages.mean(pixels(image.thumbnail(320, ThumbnailFormat.JPEG))));
        } catch (UnsupportedImageException e) {
            return Answer.refused(415, e);
        } catch (ImageTooLargeException e) {
            return Answer.refused(413, e);
        } catch (DamagedImageException | ImageTooSlowException e) {
            return Answer.refused(400, e);
        }
    }

    private static BufferedImage pixels(byte[] jpeg) {
        try {
            return ImageIO.read(new ByteArrayInputStream(jpeg));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] file(String name) {
        try (InputStream in = PictureCasesTest.class.getResourceAsStream("/cases/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no such case: " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
