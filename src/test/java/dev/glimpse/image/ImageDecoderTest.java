package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ImageDecoderTest {
    private static final List<String> FILES = List.of(
            "lossy.webp",
            "lossless.webp",
            "alpha.webp",
            "alpha-lossy.webp",
            "animated.webp",
            "animated.gif",
            "progressive.jpg",
            "cmyk.jpg",
            "gray.jpg",
            "cmyk.tiff",
            "jpeg-inside.tiff",
            "orientation-6.jpg",
            "orientation-6.png",
            "orientation-6.webp",
            "orientation-6.tiff");

    private final TestDecoder decoder = new TestDecoder();

    // What is seen

    @ParameterizedTest
    @CsvSource({
        "scene.png,0",
        "lossless.webp,0",
        "lossy.webp,5",
        "animated.webp,0",
        "animated.gif,5",
        "progressive.jpg,2",
        "cmyk.jpg,2",
        "cmyk.tiff,0",
        "jpeg-inside.tiff,2"
    })
    void everyFormatShowsTheSameScene(String name, double tolerance) {
        DecodedImage image = decoder.decode(TestImages.file(name));

        assertThat(image.width()).isEqualTo(96);
        assertThat(image.height()).isEqualTo(64);
        assertThat(meanDifference(image.cropTo(64), scene())).isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @CsvSource({"alpha.webp,0", "alpha-lossy.webp,5"})
    void whatIsTransparentIsWhite(String name, double tolerance) {
        byte[] onWhite = decoder.decode(TestImages.file("alpha-on-white.png")).cropTo(64);

        byte[] pixels = decoder.decode(TestImages.file(name)).cropTo(64);

        assertThat(meanDifference(pixels, onWhite)).isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @CsvSource({"png,PNG", "jpeg,JPEG", "gif,GIF", "bmp,BMP", "tiff,TIFF"})
    void whatJavaWritesIsReadBack(String written, ImageFormat format) {
        BufferedImage drawing = TestImages.drawing(50, 40, 0x102030);
        byte[] expected = decoder.decode(TestImages.write(drawing, "png")).cropTo(40);

        DecodedImage image = decoder.decode(TestImages.write(drawing, written));

        assertThat(image.format()).isEqualTo(format);
        assertThat(image.width()).isEqualTo(50);
        assertThat(image.height()).isEqualTo(40);
        assertThat(meanDifference(image.cropTo(40), expected)).isLessThan(6);
    }

    static Stream<byte[]> grays() {
        byte[] opaque = new byte[] {0, 100, (byte) 255, 100, (byte) 255};
        byte[] opaque16 = new byte[] {0, 100, 100, (byte) 255, (byte) 255, 100, 100, (byte) 255, (byte) 255};
        return Stream.of(
                gray(BufferedImage.TYPE_BYTE_GRAY, 100, "png"),
                gray(BufferedImage.TYPE_BYTE_GRAY, 100, "jpeg"),
                gray(BufferedImage.TYPE_BYTE_GRAY, 100, "bmp"),
                gray(BufferedImage.TYPE_BYTE_GRAY, 100, "tiff"),
                gray(BufferedImage.TYPE_BYTE_GRAY, 100, "gif"),
                gray(BufferedImage.TYPE_USHORT_GRAY, 100 * 257, "png"),
                gray(BufferedImage.TYPE_USHORT_GRAY, 100 * 257, "tiff"),
                TestImages.rawPng(2, 1, 8, 4, opaque),
                TestImages.rawPng(2, 1, 16, 4, opaque16),
                TestImages.rawPng(
                        2, 1, 16, 2, new byte[] {0, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100}));
    }

    @ParameterizedTest
    @MethodSource("grays")
    void greyKeepsItsValue(byte[] bytes) {
        byte[] pixels = decoder.decode(bytes).cropTo(1);

        // Java alone would make 168 of it.
        assertThat(pixels).containsExactly(100, 100, 100);
    }

    @Test
    void paletteAndHalfTransparencyKeepTheirValues() {
        BufferedImage palette = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_INDEXED);
        palette.getGraphics().fillRect(0, 0, 4, 4);
        BufferedImage half = new BufferedImage(4, 4, BufferedImage.TYPE_INT_ARGB);
        half.setRGB(0, 0, 4, 4, IntStream.generate(() -> 0x80640000).limit(16).toArray(), 0, 4);

        byte[] white = decoder.decode(TestImages.write(palette, "png")).cropTo(1);
        byte[] pink = decoder.decode(TestImages.write(half, "png")).cropTo(1);

        assertThat(white).containsExactly(255, 255, 255);
        assertThat(pink).containsExactly(177, 127, 127);
    }

    @Test
    void colourThatAPngDeclaresTransparentIsWhite() {
        byte[] transparent = TestImages.chunk("tRNS", new byte[] {0, 9, 0, 9, 0, 9});

        byte[] pixels = decoder.decode(TestImages.rawPng(1, 1, 8, 2, new byte[] {0, 9, 9, 9}, transparent))
                .cropTo(1);

        assertThat(pixels).containsExactly(255, 255, 255);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyOrientationIsTurnedUpright(int orientation) {
        DecodedImage image = decoder.decode(TestImages.file("orientation-" + orientation + ".jpg"));

        assertThat(image.width()).isEqualTo(96);
        assertThat(image.height()).isEqualTo(64);
        assertThat(meanDifference(image.cropTo(64), scene())).isLessThan(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "webp", "tiff"})
    void orientationCountsInEveryFormatThatHasIt(String extension) {
        DecodedImage image = decoder.decode(TestImages.file("orientation-6." + extension));

        assertThat(image.width()).isEqualTo(96);
        assertThat(image.cropTo(64)).isEqualTo(scene());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "png",
                "jpeg",
                "bmp",
                "tiff",
                "large-lossy.webp",
                "large-lossless.webp",
                "large-alpha.webp",
                "large-alpha-lossless.webp"
            })
    void largePictureIsThinnedOutButKeepsItsSizeAndLook(String format) {
        byte[] bytes = format.endsWith(".webp")
                ? TestImages.file(format)
                : TestImages.write(TestImages.drawing(2000, 1900, 0), format);
        byte[] expected = decoder.decode(TestImages.png(400, 380, 0)).cropTo(64);

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(2000);
        assertThat(image.height()).isEqualTo(1900);
        assertThat(meanDifference(image.cropTo(64), expected)).isLessThan(1);
    }

    @ParameterizedTest
    @CsvSource({"1,65000", "65000,1"})
    void stripIsDecoded(int width, int height) {
        DecodedImage image = decoder.decode(TestImages.png(width, height, 1));

        assertThat(image.width()).isEqualTo(width);
        assertThat(image.cropTo(224)).hasSize(224 * 224 * 3);
    }

    // What is refused

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>'|SVG",
                "'<!DOCTYPE html><title>404</title>'|HTML",
                "'hello, I am a picture'|text",
                "'%PDF-1.7 ...'|PDF",
                "'....ftypavif....'|AVIF",
                "'....ftypheic....'|HEIC",
                "''|nothing"
            })
    void unsupportedIsNamedAndTheAcceptedAreListed(String text, String name) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("JPEG, PNG, GIF, WebP, BMP, TIFF and camera raw");
    }

    @Test
    void zipIsNamed() {
        assertThatThrownBy(() -> decoder.decode(new byte[] {'P', 'K', 3, 4, 0, 0}))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("ZIP");
    }

    @Test
    void pixelBombIsRefusedByItsHeader() {
        byte[] bomb = TestImages.rawPng(30_000, 30_000, 8, 2, new byte[100_000]);

        assertThatThrownBy(() -> decoder.decode(bomb))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("30000x30000")
                .hasMessageContaining("50000000");
    }

    @Test
    void theLimitItselfIsAccepted() {
        TestDecoder small = new TestDecoder(12);

        assertThat(small.decode(TestImages.png(4, 3, 0)).width()).isEqualTo(4);
        assertThatThrownBy(() -> small.decode(TestImages.png(13, 1, 0))).isInstanceOf(ImageTooLargeException.class);
    }

    @Test
    void sideThatIsTooLongIsRefused() {
        byte[] line = TestImages.rawPng(70_000, 1, 8, 0, new byte[70_001]);

        assertThatThrownBy(() -> decoder.decode(line))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("70000x1");
    }

    @Test
    void pictureLargerThanTheWebpAroundItIsRefused() {
        byte[] bytes = TestImages.file("lossless.webp");
        // Lossless: after the signature 0x2F, 14 bits each of width - 1 and height - 1.
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(21, file.getInt(21) | 0x0FFFFFFF);

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("16384x16384");
    }

    @Test
    void pictureLargerThanTheTiffAroundItIsRefused() {
        byte[] bytes = TestImages.file("jpeg-inside.tiff");
        int frame = indexOf(bytes, 0xFF, 0xC0, 0, 17, 8);
        Arrays.fill(bytes, frame + 5, frame + 9, (byte) 0xFF);

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("65535x65535");
    }

    @Test
    void pictureInsteadOfPixelsInABmpIsRefused() {
        byte[] bytes = TestImages.write(TestImages.drawing(4, 4, 0), "bmp");
        bytes[30] = 5;

        assertThatThrownBy(() -> decoder.decode(bytes)).isInstanceOf(UnsupportedImageException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zTXt", "iTXt", "iCCP"})
    void compressedTextThatUnfoldsToMoreThanTheMemoryIsNotUnfolded(String chunk) throws IOException {
        byte[] megabytes = TestImages.deflated(new byte[64 << 20]);
        byte[] text = ByteBuffer.allocate(7 + megabytes.length)
                .put("k\0\0".getBytes(StandardCharsets.US_ASCII))
                .put(megabytes)
                .array();
        byte[] bytes = TestImages.rawPng(1, 1, 8, 2, new byte[] {0, 9, 9, 9}, TestImages.chunk(chunk, text));

        assertThat(decoder.decode(bytes).cropTo(1)).containsExactly(9, 9, 9);
    }

    @Test
    void jpegOfAThousandScansIsRefused() {
        byte[] progressive = TestImages.file("progressive.jpg");
        int scan = indexOf(progressive, 0xFF, 0xDA);
        byte[] empty = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 0, 0};
        ByteBuffer bytes = ByteBuffer.allocate(progressive.length + 1000 * empty.length);
        bytes.put(progressive, 0, scan);
        IntStream.range(0, 1000).forEach(i -> bytes.put(empty));
        bytes.put(progressive, scan, progressive.length - scan);

        assertThatThrownBy(() -> decoder.decode(bytes.array()))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("scans");
    }

    @Test
    void tiffWhoseTagsClaimTheSameBytesOverAndOverIsRefused() {
        // The numbers of what is needed to read a picture; others never get to the reader.
        int[][] tags = IntStream.of(318, 319, 320, 324, 325, 333, 336, 340, 341, 347)
                .mapToObj(tag -> new int[] {tag, 1, 1_000, 8})
                .toArray(int[][]::new);

        assertThatThrownBy(() -> decoder.decode(tiff(tags)))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("more than the file holds");
    }

    @Test
    void tiffWhoseDirectoryLeadsBackToItselfEnds() {
        byte[] bytes = new byte[64];
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 'I')
                .put((byte) 'I')
                .putShort((short) 42)
                .putInt(8)
                .putShort((short) 0)
                .putInt(8);

        assertThatThrownBy(() -> decoder.decode(bytes)).isInstanceOf(DamagedImageException.class);
    }

    @Test
    void tiffWhoseTileIsHugeIsRefused() {
        byte[] bytes = tiff(
                new int[] {256, 4, 1, 8},
                new int[] {257, 4, 1, 8},
                new int[] {258, 3, 1, 8},
                new int[] {259, 3, 1, 1},
                new int[] {262, 3, 1, 1},
                new int[] {277, 3, 1, 1},
                new int[] {322, 4, 1, Integer.MAX_VALUE - 15},
                new int[] {323, 4, 1, 16},
                new int[] {324, 4, 1, 8},
                new int[] {325, 4, 1, 64});

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("2147483632x16");
    }

    @Test
    void tiffOfTooManySamplesAPixelIsRefused() {
        byte[] bytes = tiff(
                new int[] {256, 4, 1, 7000},
                new int[] {257, 4, 1, 7000},
                new int[] {258, 3, 3, 1000},
                new int[] {259, 3, 1, 1},
                new int[] {262, 3, 1, 2},
                new int[] {273, 4, 1, 8},
                new int[] {277, 3, 1, 3},
                new int[] {278, 4, 1, 7000},
                new int[] {279, 4, 1, 64},
                new int[] {339, 3, 3, 1006});

        assertThatThrownBy(() -> TestDecoder.ofMemory(300 << 20).decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("7000x7000")
                .hasMessageContaining("fit into the memory of this server");
    }

    @Test
    void framesWithinFramesOfAWebpAreRefused() {
        ByteBuffer file = ByteBuffer.allocate(2_400_012).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBP".getBytes(StandardCharsets.US_ASCII));
        while (file.remaining() >= 24) {
            file.put("ANMF".getBytes(StandardCharsets.US_ASCII)).putInt(file.remaining() - 4);
            file.position(file.position() + 16);
        }

        assertThatThrownBy(() -> decoder.decode(file.array())).isInstanceOf(DamagedImageException.class);
    }

    /** A little-endian TIFF of one directory; at byte 1000 three times 32 (bits), at 1006 three times 3 (floats). */
    private static byte[] tiff(int[]... entries) {
        ByteBuffer file = ByteBuffer.allocate(1100).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) entries.length);
        for (int[] entry : entries) {
            file.putShort((short) entry[0])
                    .putShort((short) entry[1])
                    .putInt(entry[2])
                    .putInt(entry[3]);
        }
        file.position(1000);
        for (int value : new int[] {32, 32, 32, 3, 3, 3}) {
            file.putShort((short) value);
        }
        return file.array();
    }

    static Stream<String> files() {
        return FILES.stream();
    }

    @ParameterizedTest
    @MethodSource("files")
    void cutAnywhereItIsRefused(String name) {
        byte[] whole = TestImages.file(name);
        // A second frame is not looked at, so a cut there changes nothing.
        int end = name.equals("animated.gif") ? whole.length / 2 : endOfPixels(name, whole);
        int step = Math.max(1, end / 300);

        for (int length = 1; length < end; length += step) {
            byte[] cut = Arrays.copyOf(whole, length);

            assertThat(catchThrowable(() -> decoder.decode(cut)))
                    .as("%s cut to %d of %d bytes", name, length, whole.length)
                    .isInstanceOfAny(DamagedImageException.class, UnsupportedImageException.class);
        }
    }

    /** The end marker, and the checksums before it, are no pixels. */
    private static int endOfPixels(String name, byte[] whole) {
        return name.endsWith(".jpg") ? whole.length - 2 : name.endsWith(".png") ? whole.length - 21 : whole.length;
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "gif", "bmp", "tiff"})
    void whatJavaWritesIsRefusedOnceCut(String format) {
        byte[] whole = TestImages.write(TestImages.drawing(60, 50, 3), format);

        for (int length : new int[] {30, 60, whole.length / 4, whole.length / 2, whole.length * 9 / 10}) {
            byte[] cut = Arrays.copyOf(whole, length);

            assertThatThrownBy(() -> decoder.decode(cut)).isInstanceOf(DamagedImageException.class);
        }
    }

    @Test
    void largeJpegIsRefusedOnceCutAlthoughThinnedOut() {
        byte[] whole = TestImages.jpeg(2000, 1900, 1);
        byte[] cut = Arrays.copyOf(whole, whole.length / 2);
        cut[cut.length - 2] = (byte) 0xFF;
        cut[cut.length - 1] = (byte) 0xD9;

        assertThatThrownBy(() -> decoder.decode(cut))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("cut off");
    }

    @ParameterizedTest
    @MethodSource("files")
    void changedBytesGiveAPictureOrANamedRefusal(String name) {
        byte[] whole = TestImages.file(name);
        Random random = new Random(42);
        for (int round = 0; round < 60; round++) {
            byte[] changed = whole.clone();
            for (int i = 0; i < 3; i++) {
                changed[random.nextInt(Math.min(whole.length, 400))] = (byte) random.nextInt(256);
            }

            assertNamed(changed);
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void noiseAfterTheRightBeginningIsRefusedByName(String name) {
        byte[] noise = new byte[2000];
        new Random(1).nextBytes(noise);
        System.arraycopy(TestImages.file(name), 0, noise, 0, 12);

        assertThatThrownBy(() -> decoder.decode(noise))
                .isInstanceOfAny(DamagedImageException.class, ImageTooLargeException.class);
    }

    @Test
    void damageIsToldWithItsCause() {
        byte[] noise = TestImages.png(9, 9, 9);
        Arrays.fill(noise, 50, 60, (byte) 0);

        assertThatThrownBy(() -> decoder.decode(noise))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageStartingWith("damaged PNG: ");
    }

    @Test
    void limitMustAllowAPixel() {
        assertThatThrownBy(() -> new ImageDecoder(TestScheduler.SCHEDULER, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** May still be a picture, or none, but never ends in another exception. */
    private void assertNamed(byte[] bytes) {
        // A low limit keeps what a changed header asks for small.
        Throwable thrown = catchThrowable(() -> new TestDecoder(1_000_000).decode(bytes));
        if (thrown != null) {
            assertThat(thrown)
                    .isInstanceOfAny(
                            DamagedImageException.class, UnsupportedImageException.class, ImageTooLargeException.class);
        }
    }

    private byte[] scene() {
        return decoder.decode(TestImages.file("scene.png")).cropTo(64);
    }

    private static byte[] gray(int type, int value, String format) {
        BufferedImage picture = new BufferedImage(2, 1, type);
        picture.getRaster().setPixels(0, 0, 2, 1, new int[] {value, value});
        return TestImages.write(picture, format);
    }

    static double meanDifference(byte[] first, byte[] second) {
        assertThat(first).hasSameSizeAs(second);
        long sum = 0;
        for (int i = 0; i < first.length; i++) {
            sum += Math.abs((first[i] & 0xFF) - (second[i] & 0xFF));
        }
        return (double) sum / first.length;
    }

    private static int indexOf(byte[] bytes, int... wanted) {
        for (int at = 0; at <= bytes.length - wanted.length; at++) {
            int offset = at;
            if (IntStream.range(0, wanted.length).allMatch(i -> (bytes[offset + i] & 0xFF) == wanted[i])) {
                return at;
            }
        }
        throw new IllegalArgumentException("not found");
    }
}
