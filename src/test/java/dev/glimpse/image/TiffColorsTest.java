package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestTiff;
import java.nio.ByteOrder;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TIFFs of uncommon samples are seen as they were meant. */
class TiffColorsTest {
    private static final int EXTRA_SAMPLES = 338;
    private static final int PLANAR = 284;
    private static final int UNSPECIFIED = 0;
    private static final int ASSOCIATED = 1;
    private static final int UNASSOCIATED = 2;

    private final TestDecoder decoder = new TestDecoder();

    // A fourth channel

    @ParameterizedTest
    @ValueSource(doubles = {0, 100, 255})
    void unspecifiedFourthChannelIsNoAlpha(double fourth) {
        TestTiff tiff = fourChannels(8, UNSPECIFIED).filledWith(10, 100, 200, fourth);

        assertThat(seen(tiff)).containsExactly(10, 100, 200);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 65535})
    void unspecifiedFourthChannelOf16BitsIsNoAlpha(double fourth) {
        TestTiff tiff = fourChannels(16, UNSPECIFIED).filledWith(10 * 257, 100 * 257, 200 * 257, fourth);

        assertThat(seen(tiff)).containsExactly(10, 100, 200);
    }

    @Test
    void severalUnspecifiedChannelsAreLeftOut() {
        TestTiff tiff = new TestTiff(4, 4)
                .tag(258, 8, 8, 8, 8, 8)
                .tag(277, 5)
                .tag(EXTRA_SAMPLES, UNSPECIFIED, UNSPECIFIED)
                .filledWith(10, 100, 200, 0, 7);

        assertThat(seen(tiff)).containsExactly(10, 100, 200);
    }

    @Test
    void unspecifiedChannelBesideGreyIsNoAlpha() {
        TestTiff tiff = new TestTiff(4, 4)
                .gray(8, 1)
                .tag(258, 8, 8)
                .tag(277, 2)
                .tag(EXTRA_SAMPLES, UNSPECIFIED)
                .filledWith(100, 0);

        assertThat(seen(tiff)).containsExactly(100, 100, 100);
    }

    @Test
    void unassociatedAlphaIsMultipliedWithTheColour() {
        TestTiff tiff = fourChannels(8, UNASSOCIATED).filledWith(0, 100, 200, 51);

        assertThat(seen(tiff)).containsExactly(204, 224, 244);
    }

    @ParameterizedTest
    @CsvSource({"8,1", "16,257"})
    void associatedAlphaIsAlreadyMultipliedWithTheColour(int bits, int scale) {
        // 0, 100 and 200 with an alpha of a fifth.
        TestTiff tiff = fourChannels(bits, ASSOCIATED).filledWith(0, 20 * scale, 40 * scale, 51 * scale);

        assertThat(seen(tiff)).containsExactly(204, 224, 244);
    }

    @Test
    void associatedAlphaBesideGreyIsAlreadyMultiplied() {
        TestTiff tiff = new TestTiff(4, 4)
                .gray(8, 1)
                .tag(258, 8, 8)
                .tag(277, 2)
                .tag(EXTRA_SAMPLES, ASSOCIATED)
                .filledWith(20, 51);

        assertThat(seen(tiff)).containsExactly(224, 224, 224);
    }

    @Test
    void colourAboveItsAssociatedAlphaIsAsBrightAsCanBe() {
        TestTiff tiff = fourChannels(8, ASSOCIATED).filledWith(200, 51, 0, 51);

        assertThat(seen(tiff)).containsExactly(255, 255, 204);
    }

    @Test
    void whatHasNoAssociatedAlphaIsWhite() {
        assertThat(seen(fourChannels(8, ASSOCIATED).filledWith(0, 0, 0, 0))).containsExactly(255, 255, 255);
    }

    @Test
    void channelsMayBeInPlanes() {
        byte[] planes = new byte[64];
        for (int i = 0; i < 64; i++) {
            planes[i] = (byte) new int[] {0, 20, 40, 51}[i / 16];
        }
        TestTiff tiff =
                fourChannels(8, ASSOCIATED).tag(PLANAR, 2).samples(planes).strips(4);

        assertThat(seen(tiff)).containsExactly(204, 224, 244);
    }

    // Wide samples

    static Stream<Arguments> greys() {
        double share = 100 / 255.0;
        return Stream.of(
                Arguments.of("float", new TestTiff(4, 4).gray(32, 3), share),
                Arguments.of("double", new TestTiff(4, 4).gray(64, 3), share),
                Arguments.of("32 bits unsigned", new TestTiff(4, 4).gray(32, 1), share * 0xFFFFFFFFL),
                Arguments.of("32 bits signed", new TestTiff(4, 4).gray(32, 2), share * 0x7FFFFFFF),
                Arguments.of("bytes in 32 bits", new TestTiff(4, 4).gray(32, 2), 100.0),
                Arguments.of("16 bits in 32 bits", new TestTiff(4, 4).gray(32, 1), 100.0 * 257),
                Arguments.of("16 bits signed", new TestTiff(4, 4).gray(16, 2), share * 0x7FFF),
                Arguments.of("big-endian float", new TestTiff(4, 4, ByteOrder.BIG_ENDIAN).gray(32, 3), share));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("greys")
    void greyOfWideSamplesKeepsItsBrightness(String name, TestTiff tiff, double value) {
        assertThat(seen(tiff.filledWith(value))).containsExactly(100, 100, 100);
    }

    @ParameterizedTest
    @CsvSource({"32", "64"})
    void coloursInFloatsKeepTheirBrightness(int bits) {
        TestTiff tiff = new TestTiff(4, 4).rgb(bits, 3).filledWith(10 / 255.0, 100 / 255.0, 200 / 255.0);

        assertThat(seen(tiff)).containsExactly(10, 100, 200);
    }

    @Test
    void lowestFloatIsWhiteWhereTheFileSaysSo() {
        TestTiff tiff = new TestTiff(4, 4).gray(32, 3).tag(262, 0).filledWith(155 / 255.0);

        assertThat(seen(tiff)).containsExactly(100, 100, 100);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 8, 4, 128",
        "0, 8, 8, 255",
        "-500, 1500, 500, 128",
        "-500, 1500, -500, 0",
        "0, 70000, 35000, 128",
    })
    void otherFloatsAreScaledByTheirRange(double low, double high, double value, int expected) {
        TestTiff tiff = new TestTiff(3, 1).gray(32, 3).of(low, value, high);

        assertThat(seen(tiff)).containsExactly(expected, expected, expected);
    }

    @Test
    void bytesInFloatsKeepTheirBrightness() {
        assertThat(seen(new TestTiff(3, 1).gray(32, 3).of(50, 100, 200))).containsExactly(100, 100, 100);
    }

    @ParameterizedTest
    @CsvSource({"NaN, 0", "Infinity, 255", "-Infinity, 0"})
    void whatIsNoNumberIsNotInTheRange(double value, int expected) {
        TestTiff tiff = new TestTiff(3, 1).gray(32, 3).of(0, value, 4);

        assertThat(seen(tiff)).containsExactly(expected, expected, expected);
    }

    @Test
    void alphaOfFloatsIsRead() {
        TestTiff tiff =
                new TestTiff(4, 4).fourChannels(32, 3, UNASSOCIATED).filledWith(0, 100 / 255.0, 200 / 255.0, 0.2);

        assertThat(seen(tiff)).containsExactly(204, 224, 244);
    }

    @Test
    void largePictureOfFloatsIsThinnedOut() {
        TestTiff tiff =
                new TestTiff(2000, 1500).gray(32, 3).filledWith(100 / 255.0).deflated();

        DecodedImage image = decoder.decode(tiff.bytes());

        assertThat(image.width()).isEqualTo(2000);
        assertThat(image.height()).isEqualTo(1500);
        assertThat(image.cropTo(1)).containsExactly(100, 100, 100);
    }

    @Test
    void largePictureOf32BitsIsThinnedOut() {
        TestTiff tiff = new TestTiff(2000, 1500)
                .gray(32, 1)
                .filledWith(100L << 24 | 100 << 16)
                .deflated();

        assertThat(decoder.decode(tiff.bytes()).cropTo(1)).containsExactly(100, 100, 100);
    }

    private static TestTiff fourChannels(int bits, int meaning) {
        return new TestTiff(4, 4).fourChannels(bits, 1, meaning);
    }

    private int[] seen(TestTiff tiff) {
        return unsigned(decoder.decode(tiff.bytes()).cropTo(1));
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes[i] & 0xFF;
        }
        return values;
    }
}
