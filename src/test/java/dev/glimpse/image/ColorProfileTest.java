package dev.glimpse.image;

import static dev.glimpse.testing.TestDirectories.SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestDirectories;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestProfiles;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A profile that can be followed is, for people; any other is left out, and the picture is kept. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ColorProfileTest {
    private static final byte[] JPEG = TestImages.jpeg(24, 16, 0x204080);
    private static final byte[] WEBP = TestImages.file("lossless.webp");
    private static final byte[] SWAPPED = TestProfiles.swapped();

    private final TestDecoder decoder = new TestDecoder();

    /** What is no profile, or not wholly. */
    static Stream<byte[]> wrong() {
        byte[] cut = Arrays.copyOf(SWAPPED, SWAPPED.length / 2);
        byte[] ofAGigabyte = SWAPPED.clone();
        ByteBuffer.wrap(ofAGigabyte).putInt(0, 1 << 30);
        byte[] ofManyTags = SWAPPED.clone();
        ByteBuffer.wrap(ofManyTags).putInt(128, Integer.MAX_VALUE);
        byte[] ofTagsOutside = SWAPPED.clone();
        ByteBuffer.wrap(ofTagsOutside).putInt(136, 1 << 30);
        byte[] ofGarbage = SWAPPED.clone();
        Arrays.fill(ofGarbage, 132 + 12 * ofGarbage[131], ofGarbage.length, (byte) 0xA5);
        byte[] ofAnotherSpace = SWAPPED.clone();
        ofAnotherSpace[16] = 'X';
        return Stream.of(
                new byte[0],
                new byte[] {1, 2, 3},
                new byte[400],
                "this is no profile at all, but a sentence".repeat(9).getBytes(StandardCharsets.US_ASCII),
                cut,
                ofAGigabyte,
                ofManyTags,
                ofTagsOutside,
                ofGarbage,
                ofAnotherSpace);
    }

    private void assertSameAs(byte[] plain, byte[] withProfile) {
        assertThat(decoder.decode(withProfile).cropTo(16))
                .isEqualTo(decoder.decode(plain).cropTo(16));
        assertThat(decoder.decodeInTrueColors(withProfile).cropTo(16))
                .isEqualTo(decoder.decodeInTrueColors(plain).cropTo(16));
    }

    private void assertFollowedByPeopleOnly(byte[] plain, byte[] withSwapped) {
        byte[] said = decoder.decode(plain).cropTo(16);

        byte[] seen = decoder.decodeInTrueColors(withSwapped).cropTo(16);

        assertThat(decoder.decode(withSwapped).cropTo(16)).isEqualTo(said);
        byte[] exchanged = new byte[said.length];
        for (int at = 0; at < said.length; at += 3) {
            exchanged[at] = said[at + 2];
            exchanged[at + 1] = said[at + 1];
            exchanged[at + 2] = said[at];
        }
        assertThat(ImageDecoderTest.meanDifference(seen, exchanged)).isLessThan(3);
        assertThat(ImageDecoderTest.meanDifference(seen, said)).isGreaterThan(9);
    }

    // JPEG: in pieces, which are numbered from 1

    @ParameterizedTest
    @MethodSource("wrong")
    void profileOfAJpegThatIsNoneIsLeftOut(byte[] profile) {
        assertSameAs(JPEG, TestProfiles.inJpeg(JPEG, TestProfiles.segment(1, 1, profile)));
    }

    static Stream<byte[][]> untidy() {
        byte[] first = Arrays.copyOf(SWAPPED, 1000);
        byte[] rest = Arrays.copyOfRange(SWAPPED, 1000, SWAPPED.length);
        return Stream.of(
                new byte[][] {TestProfiles.segment(0, 2, first), TestProfiles.segment(1, 2, rest)},
                new byte[][] {TestProfiles.segment(1, 1, first), TestProfiles.segment(1, 1, rest)},
                new byte[][] {TestProfiles.segment(1, 1, SWAPPED), TestProfiles.segment(1, 1, SWAPPED)},
                new byte[][] {TestProfiles.segment(1, 2, first)},
                new byte[][] {TestProfiles.segment(2, 2, rest)},
                new byte[][] {TestProfiles.segment(1, 3, first), TestProfiles.segment(3, 3, rest)},
                new byte[][] {TestProfiles.segment(1, 0, SWAPPED)},
                new byte[][] {TestProfiles.segment(1, 2, first), TestProfiles.segment(2, 9, rest)},
                new byte[][] {TestProfiles.segment(1, 1, TestProfiles.gray())},
                // Its name alone, without a number.
                new byte[][] {Arrays.copyOf(TestProfiles.segment(1, 1, new byte[0]), 16)});
    }

    @ParameterizedTest
    @MethodSource("untidy")
    void piecesOfAProfileThatDoNotFitTogetherAreLeftOut(byte[][] segments) {
        for (byte[] segment : segments) {
            ByteBuffer.wrap(segment).putShort(2, (short) (segment.length - 2));
        }

        assertSameAs(JPEG, TestProfiles.inJpeg(JPEG, segments));
    }

    @Test
    void profileBehindTheFrameOfAJpegIsLeftOut() {
        int frame = indexOfFrame(JPEG);

        assertSameAs(JPEG, TestProfiles.inserted(JPEG, frame, TestProfiles.segment(1, 1, SWAPPED)));
    }

    private static int indexOfFrame(byte[] jpeg) {
        int at = 2;
        while ((jpeg[at + 1] & 0xFF) != 0xC0) {
            at += 2 + ByteBuffer.wrap(jpeg).getShort(at + 2);
        }
        return at + 2 + ByteBuffer.wrap(jpeg).getShort(at + 2);
    }

    @Test
    void profileOfAJpegInPiecesIsFollowed() {
        byte[] bytes = TestProfiles.inJpeg(
                JPEG,
                TestProfiles.segment(2, 2, Arrays.copyOfRange(SWAPPED, 1000, SWAPPED.length)),
                TestProfiles.segment(1, 2, Arrays.copyOf(SWAPPED, 1000)));

        assertFollowedByPeopleOnly(JPEG, bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"icc-empty.jpg", "icc-dup-1of1.jpg", "icc-0based.jpg", "icc-after-sof.jpg"})
    void filesWithSuchProfilesAreTaken(String name) {
        DecodedImage image = decoder.decodeInTrueColors(TestImages.resource("/cases/" + name));

        assertThat(image.width()).isEqualTo(160);
        assertThat(image.height()).isEqualTo(120);
    }

    // PNG and GIF: their readers leave the profile to us

    static Stream<Arguments> pngs() {
        BufferedImage drawing = TestImages.drawing(24, 16, 0x204080);
        BufferedImage palette = new BufferedImage(24, 16, BufferedImage.TYPE_BYTE_INDEXED);
        palette.createGraphics().drawImage(drawing, 0, 0, null);
        BufferedImage transparent = new BufferedImage(24, 16, BufferedImage.TYPE_4BYTE_ABGR);
        transparent.createGraphics().drawImage(drawing, 0, 0, null);
        byte[] wide = new byte[16 * (1 + 24 * 6)];
        for (int at = 0; at < wide.length; at++) {
            int column = at % (1 + 24 * 6);
            wide[at] = (byte) (column == 0 ? 0 : new int[] {30, 0, 120, 0, 240, 0}[(column - 1) % 6]);
        }
        return Stream.of(
                arguments("RGB", TestImages.write(drawing, "png")),
                arguments("palette", TestImages.write(palette, "png")),
                arguments("alpha", TestImages.write(transparent, "png")),
                arguments("16 bits", TestImages.rawPng(24, 16, 16, 2, wide)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pngs")
    void profileOfAPngIsFollowed(String kind, byte[] png) {
        assertFollowedByPeopleOnly(png, TestProfiles.inPng(png, SWAPPED));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void profileOfAPngThatIsNoneIsLeftOut(byte[] profile) {
        byte[] png = TestImages.png(24, 16, 0x204080);

        assertSameAs(png, TestProfiles.inPng(png, profile));
    }

    @Test
    void profileOfAPngThatCannotBeUnpackedIsLeftOut() {
        byte[] png = TestImages.png(24, 16, 0x204080);

        assertSameAs(png, TestProfiles.inserted(png, 33, TestImages.chunk("iCCP", new byte[] {'n', 0, 0, 1, 2, 3})));
        assertSameAs(png, TestProfiles.inserted(png, 33, TestImages.chunk("iCCP", new byte[0])));
        assertSameAs(png, TestProfiles.inserted(png, 33, TestImages.chunk("iCCP", new byte[] {'n', 'o', 'n', 'e'})));
    }

    @Test
    void greyStaysGreyWhateverTheProfile() {
        byte[] png = TestImages.write(new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY), "png");

        assertSameAs(png, TestProfiles.inPng(png, SWAPPED));
        assertSameAs(png, TestProfiles.inPng(png, TestProfiles.gray()));
    }

    @Test
    void profileOfAGifIsFollowed() {
        byte[] gif = TestImages.write(TestImages.drawing(24, 16, 0x204080), "gif");

        assertFollowedByPeopleOnly(gif, TestProfiles.inGif(gif, SWAPPED));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void profileOfAGifThatIsNoneIsLeftOut(byte[] profile) {
        byte[] gif = TestImages.write(TestImages.drawing(24, 16, 0x204080), "gif");

        assertSameAs(gif, TestProfiles.inGif(gif, profile));
    }

    // WebP and TIFF: their readers follow the profile, and stumble over what is none

    @Test
    void profileOfAWebpIsFollowed() {
        assertFollowedByPeopleOnly(WEBP, TestProfiles.inWebp(WEBP, 96, 64, "ICCP", SWAPPED));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void profileOfAWebpThatIsNoneIsLeftOut(byte[] profile) {
        assertSameAs(WEBP, TestProfiles.inWebp(WEBP, 96, 64, "ICCP", profile));
    }

    @Test
    void chunkOfAWebpThatNobodyKnowsIsLeftOut() {
        assertSameAs(WEBP, TestProfiles.inWebp(WEBP, 96, 64, "ABCD", new byte[5]));
    }

    private static byte[] tiff(byte[] profile) {
        byte[] pixels = new byte[24 * 16 * 3];
        for (int at = 0; at < pixels.length; at++) {
            pixels[at] = (byte) new int[] {40, 120, 240}[at % 3];
        }
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        TestDirectories.Directory page =
                file.directory().picture(24, 16, 1, 2, pixels).tag(274, SHORT, 1);
        return file.bytes((profile.length == 0 ? page : page.bytes(34675, profile)).before(0));
    }

    @Test
    void profileOfATiffIsFollowed() {
        assertFollowedByPeopleOnly(tiff(new byte[0]), tiff(SWAPPED));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void profileOfATiffThatIsNoneIsLeftOut(byte[] profile) {
        assertSameAs(tiff(new byte[0]), tiff(profile));
    }

    @Test
    void profileThatUnfoldsToMoreThanAnyHasIsLeftOut() {
        ByteArrayOutputStream zeros = new ByteArrayOutputStream();
        zeros.writeBytes(SWAPPED);
        zeros.writeBytes(new byte[64 << 20]);
        byte[] png = TestImages.png(24, 16, 0x204080);

        assertSameAs(png, TestProfiles.inPng(png, zeros.toByteArray()));
    }
}
