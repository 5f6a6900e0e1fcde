package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From a file's bytes to what a model sees, held to what transformers' image processor makes of the same file. */
class ReferencePixelsTest {
    private static final int SIDE = 48;

    private final TestDecoder decoder = new TestDecoder();

    /**
     * Lossy WebP may differ by how colours are enlarged between its samples. JPEG would too between decoders, but the JDK's
     * is of the same family as Pillow's.
     */
    @ParameterizedTest
    @CsvSource({
        "portrait.jpg, 0.02",
        "turned.jpg, 0.02",
        "panorama.jpg, 0.02",
        "gray.jpg, 0.02",
        "cmyk.jpg, 0.02",
        "wide-colors.jpg, 0.02",
        "tiny.png, 0",
        "strip.png, 0",
        "palette.gif, 0",
        "alpha.png, 0",
        "16bit.png, 0",
        "lossy.webp, 0.8",
        "animated.webp, 0.8"
    })
    void modelSeesWhatTheReferenceShowsIt(String file, double levels) {
        byte[] expected = TestImages.rgb(read(file.substring(0, file.indexOf('.')) + "-" + SIDE + ".png"));

        byte[] actual = decoder.decode(read(file)).cropTo(SIDE);

        assertThat(meanDifference(actual, expected)).isLessThanOrEqualTo(levels);
    }

    @Test
    void peopleSeeTheColoursThatTheProfileMeans() {
        byte[] picture = read("wide-colors.jpg");

        byte[] meant = decoder.decodeInTrueColors(picture).cropTo(SIDE);

        assertThat(meanDifference(meant, decoder.decode(picture).cropTo(SIDE))).isGreaterThan(2);
    }

    private static byte[] read(String file) {
        try {
            return Files.readAllBytes(Path.of("src/test/resources/parity", file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double meanDifference(byte[] left, byte[] right) {
        assertThat(left).hasSameSizeAs(right);
        long sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += Math.abs((left[i] & 0xFF) - (right[i] & 0xFF));
        }
        return (double) sum / left.length;
    }
}
