package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures that are made to keep a reader busy, to fill its memory or to overflow its stack. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostilePicturesTest {
    private final TestDecoder decoder = new TestDecoder();

    // WebP: each transform is a pass over all pixels, and takes three bits

    @Test
    void webpMayHaveEachTransformOnce() {
        DecodedImage image =
                decoder.decode(TestWebp.of(9, 7, TestWebp.SUBTRACT_GREEN, TestWebp.COLOR, TestWebp.PREDICTOR));

        assertThat(image.width()).isEqualTo(9);
        assertThat(decoder.decode(TestWebp.of(9, 7, TestWebp.PALETTE)).height()).isEqualTo(7);
    }

    @Test
    void webpOfManyTransformsIsRefused() {
        for (int transform :
                new int[] {TestWebp.PREDICTOR, TestWebp.COLOR, TestWebp.SUBTRACT_GREEN, TestWebp.PALETTE}) {
            int[] many = new int[5_000];
            Arrays.fill(many, transform);

            assertThatThrownBy(() -> decoder.decode(TestWebp.of(1000, 1000, many)))
                    .isInstanceOf(DamagedImageException.class)
                    .hasMessageContaining("twice");
        }
        assertThatThrownBy(() -> decoder.decode(TestWebp.of(
                        9,
                        7,
                        TestWebp.PALETTE,
                        TestWebp.PREDICTOR,
                        TestWebp.COLOR,
                        TestWebp.SUBTRACT_GREEN,
                        TestWebp.PALETTE)))
                .hasMessageContaining("twice");
    }

    @Test
    void webpMayHaveManyCodesButNotAsManyAsFillTheMemory() {
        assertThat(decoder.decode(TestWebp.ofCodes(2_000)).width()).isEqualTo(9);
        assertThatThrownBy(() -> decoder.decode(TestWebp.ofCodes(65_536)))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("codes take more memory");
    }

    @Test
    void webpThatEndsBeforeItsPixelsIsRefused() {
        byte[] whole = TestWebp.noise(400, 300);
        byte[] cut = Arrays.copyOf(TestWebp.noise(40, 30), 28);
        ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 20).putInt(16, 8);
        byte[] half = Arrays.copyOf(whole, whole.length / 2);
        ByteBuffer.wrap(half)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(4, half.length - 8)
                .putInt(16, half.length - 20);

        assertThatThrownBy(() -> decoder.decode(cut))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged WEBP: cut off before its pixels");
        assertThatThrownBy(() -> decoder.decode(half)).isInstanceOf(DamagedImageException.class);
    }

    @Test
    void webpOfAnotherSizeThanItsFrameIsRefused() {
        byte[] bytes = TestImages.file("animated.webp");
        int frame = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("ANMF");
        bytes[frame + 8 + 6] ^= 1;

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("in a frame of");
    }

    // TIFF: its reader follows directories into directories, and reads all that they point to

    @Test
    void tiffOfDirectoriesWithinDirectoriesOverflowsNobodysStack() {
        int depth = 100_000;
        ByteBuffer file = ByteBuffer.allocate(8 + depth * 18).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        for (int i = 1; i <= depth; i++) {
            entries(file, new int[] {330, 4, 1, 8 + i * 18});
        }

        assertThatThrownBy(() -> decoder.decode(file.array())).isInstanceOf(DamagedImageException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {330, 34665, 34853})
    void whatInnerDirectoriesOfATiffClaimNeverGetsToItsReader(int pointer) {
        ByteBuffer file = ByteBuffer.allocate(100_000).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        entries(file, picture(90_000, new int[] {pointer, 4, 1, 200}));
        int[][] claims = new int[1000][];
        for (int i = 0; i < claims.length; i++) {
            claims[i] = new int[] {1000 + i, 16, 12_000, 8};
        }
        file.position(200);
        entries(file, claims);

        assertThat(decoder.decode(file.array()).width()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {277, 322, 256})
    void tiffWhoseSizesAreFractionsIsRefused(int tag) {
        ByteBuffer file = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        entries(file, new int[] {tag, 12, 1, 300});
        file.putDouble(300, 2_000_000_000);

        assertThatThrownBy(() -> decoder.decode(file.array()))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged TIFF: tag " + tag + " is no whole number");
    }

    @Test
    void tiffOfBillionsOfSamplesIsRefused() {
        ByteBuffer file = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        entries(file, new int[] {277, 4, 1, 2_000_000_000});

        assertThatThrownBy(() -> decoder.decode(file.array()))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("2000000000 samples");
    }

    @Test
    void tiffAroundAJpegOfAThousandScansIsRefused() {
        byte[] whole = TestImages.file("jpeg-inside.tiff");
        byte[] bytes = Arrays.copyOf(whole, whole.length + 2_000 + 9);
        for (int at = whole.length; at < whole.length + 2_000; at += 2) {
            bytes[at] = (byte) 0xFF;
            bytes[at + 1] = (byte) 0xDA;
        }

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("scans");
    }

    @Test
    void innerDirectoriesThatAreWrongAreNoReasonToRefuseAPicture() {
        ByteBuffer file = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        entries(file, picture(300, new int[] {330, 4, 1, 8}, new int[] {34665, 4, 1, 200}, new int[] {34853, 4, 1, 9999
        }));
        file.position(200);
        entries(file, new int[] {1, 4, 100_000, 100}, new int[] {40965, 4, 1, 399});

        assertThat(decoder.decode(file.array()).width()).isEqualTo(4);
    }

    /** Entries of 4 x 4 grey pixels that begin at a byte, and others. */
    private static int[][] picture(int pixels, int[]... others) {
        return Stream.concat(
                        Stream.of(
                                new int[] {256, 4, 1, 4},
                                new int[] {257, 4, 1, 4},
                                new int[] {258, 3, 1, 8},
                                new int[] {259, 3, 1, 1},
                                new int[] {262, 3, 1, 1},
                                new int[] {273, 4, 1, pixels},
                                new int[] {277, 3, 1, 1},
                                new int[] {278, 4, 1, 4},
                                new int[] {279, 4, 1, 16}),
                        Arrays.stream(others))
                .toArray(int[][]::new);
    }

    /** A directory: how many entries, then tag, type, count and value of each; no other page. */
    private static void entries(ByteBuffer file, int[]... entries) {
        file.putShort((short) entries.length);
        for (int[] entry : entries) {
            file.putShort((short) entry[0])
                    .putShort((short) entry[1])
                    .putInt(entry[2])
                    .putInt(entry[3]);
        }
        if (file.remaining() >= 4) {
            file.putInt(0);
        }
    }

    // Profiles: they begin with their length, for which readers take memory

    static Stream<byte[]> profilesOfAGigabyte() {
        byte[] jpeg = TestImages.jpeg(8, 8, 1);
        byte[] segment = profileSegment(1, 1, 1 << 30);
        byte[] inJpeg = ByteBuffer.allocate(jpeg.length + segment.length)
                .put(jpeg, 0, 2)
                .put(segment)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
        ByteBuffer inTiff = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        inTiff.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        entries(inTiff, picture(380, new int[] {34675, 7, 128, 200}));
        inTiff.order(ByteOrder.BIG_ENDIAN).putInt(200, 1 << 30);
        byte[] webp = TestImages.file("lossless.webp");
        byte[] inWebp = ByteBuffer.allocate(30 + 8 + 128 + webp.length - 12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(22 + 8 + 128 + webp.length - 12)
                .put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .putInt(0x20)
                .put(new byte[] {95, 0, 0, 63, 0, 0})
                .put("ICCP".getBytes(StandardCharsets.US_ASCII))
                .putInt(128)
                .putInt(Integer.reverseBytes(1 << 30))
                .put(new byte[124])
                .put(webp, 12, webp.length - 12)
                .array();
        return Stream.of(inJpeg, inTiff.array(), inWebp);
    }

    private static byte[] profileSegment(int number, int of, int begin) {
        return ByteBuffer.allocate(150)
                .put((byte) 0xFF)
                .put((byte) 0xE2)
                .putShort((short) 148)
                .put("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII))
                .put((byte) number)
                .put((byte) of)
                .putInt(begin)
                .array();
    }

    @Test
    void furtherPiecesOfAProfileBeginWithAnything() {
        byte[] jpeg = TestImages.jpeg(8, 8, 1);
        byte[] bytes = ByteBuffer.allocate(jpeg.length + 300)
                .put(jpeg, 0, 2)
                .put(profileSegment(1, 2, 256))
                .put(profileSegment(2, 2, -1))
                .put(jpeg, 2, jpeg.length - 2)
                .array();

        assertThat(decoder.decode(bytes).width()).isEqualTo(8);
    }

    @ParameterizedTest
    @MethodSource("profilesOfAGigabyte")
    void profileThatClaimsMoreThanTheFileHoldsIsLeftOut(byte[] bytes) {
        assertThat(decoder.decode(bytes).width()).isPositive();
        assertThat(decoder.decodeInTrueColors(bytes).width()).isPositive();
    }

    @Test
    void profileOfAJpegInsideATiffClaimsAGigabyteInVain() {
        byte[] tiff = TestImages.file("jpeg-inside.tiff");
        byte[] segment = profileSegment(1, 1, 1 << 30);
        byte[] bytes = Arrays.copyOf(tiff, tiff.length + segment.length);
        System.arraycopy(segment, 0, bytes, tiff.length, segment.length);

        assertThat(decoder.decode(bytes).width()).isEqualTo(96);
    }

    // GIF: older readers copy what they have of a text for each of its pieces

    @Test
    void gifWhoseTextIsInMillionsOfPiecesIsRefused() {
        byte[] plain = TestImages.write(TestImages.drawing(5, 5, 1), "gif");
        for (int kind : List.of(0xFE, 0xFF, 0x01)) {
            byte[] bytes = withText(plain, kind, 1, 100_000);

            assertThatThrownBy(() -> decoder.decode(bytes))
                    .isInstanceOf(DamagedImageException.class)
                    .hasMessageContaining("pieces");
        }
    }

    @Test
    void gifMayHaveALongText() {
        byte[] plain = TestImages.write(TestImages.drawing(5, 5, 1), "gif");

        assertThat(decoder.decode(withText(plain, 0xFE, 255, 1_000)).width()).isEqualTo(5);
    }

    private static byte[] withText(byte[] gif, int kind, int piece, int pieces) {
        int palette = 13 + (3 << ((gif[10] & 7) + 1));
        ByteBuffer bytes = ByteBuffer.allocate(gif.length + 16 + pieces * (piece + 1))
                .put(gif, 0, palette)
                .put((byte) 0x21)
                .put((byte) kind);
        if (kind == 0xFF) {
            bytes.put((byte) 11).put("XMP DataXMP".getBytes(StandardCharsets.US_ASCII));
        }
        for (int i = 0; i < pieces; i++) {
            bytes.put((byte) piece).position(bytes.position() + piece);
        }
        return bytes.put((byte) 0).put(gif, palette, gif.length - palette).array();
    }
}
