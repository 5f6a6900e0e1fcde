package dev.glimpse.image;

import static dev.glimpse.testing.TestDirectories.LONG;
import static dev.glimpse.testing.TestDirectories.SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestDirectories;
import dev.glimpse.testing.TestImages;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as cameras write them, put together from directories: what they are taken for, and which preview is the picture. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CameraRawTest {
    private static final byte[] PREVIEW = TestImages.jpeg(720, 480, 7);

    private final TestDecoder decoder = new TestDecoder();

    /** A thumbnail in front, and inside it the sensor's data and a preview, as NEF and DNG have it. */
    private static byte[] thumbnailFirst(
            ByteOrder order, byte[] preview, UnaryOperator<TestDirectories.Directory> first) {
        TestDirectories file = new TestDirectories(order);
        int sensor = file.directory().sensor(900, 600).before(0);
        int jpeg = file.directory()
                .tag(254, LONG, 1)
                .tag(259, SHORT, 6)
                .tag(513, LONG, file.data(preview))
                .tag(514, LONG, preview.length)
                .before(0);
        TestDirectories.Directory page = file.directory()
                .picture(160, 120, 1, 2, new byte[160 * 120 * 3])
                .tag(254, LONG, 1)
                .tag(330, LONG, jpeg, sensor);
        return file.bytes(first.apply(page).before(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"II", "MM"})
    void previewOfARawIsThePicture(String order) {
        byte[] raw = thumbnailFirst(
                order.equals("II") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN,
                PREVIEW,
                page -> page.text(271, "NIKON CORPORATION"));

        DecodedImage image = decoder.decode(raw);

        assertThat(image.format()).isEqualTo(ImageFormat.RAW);
        assertThat(image.width()).isEqualTo(720);
        assertThat(image.height()).isEqualTo(480);
        assertThat(image.cropTo(64)).isEqualTo(decoder.decode(PREVIEW).cropTo(64));
        assertThat(decoder.decodeInTrueColors(raw).width()).isEqualTo(720);
    }

    @Test
    void rawIsKeptUnderAFormatOfItsOwn() {
        byte[] raw = thumbnailFirst(ByteOrder.LITTLE_ENDIAN, PREVIEW, page -> page);

        ImageId id = ImageId.of(raw, ImageFormat.sniff(raw).orElseThrow());

        assertThat(id.toString()).endsWith(".raw");
        assertThat(id.format().mediaType()).isEqualTo("image/x-dcraw");
        assertThat(ImageId.parse(id.toString())).contains(id);
    }

    @ParameterizedTest
    @ValueSource(ints = {SHORT, LONG})
    void previewIsTurnedAsTheRawSays(int type) {
        byte[] raw = thumbnailFirst(ByteOrder.BIG_ENDIAN, PREVIEW, page -> page.tag(274, type, 6));

        DecodedImage image = decoder.decode(raw);

        assertThat(image.width()).isEqualTo(480);
        assertThat(image.height()).isEqualTo(720);
    }

    @Test
    void previewThatIsUprightAlreadyIsNotTurned() {
        byte[] raw =
                thumbnailFirst(ByteOrder.LITTLE_ENDIAN, TestImages.jpeg(480, 720, 7), page -> page.tag(274, SHORT, 8));

        assertThat(decoder.decode(raw).height()).isEqualTo(720);
    }

    @Test
    void previewMayBeAPageAfterTheSensorsData() {
        TestDirectories file = new TestDirectories(ByteOrder.BIG_ENDIAN);
        int preview = file.directory().picture(720, 480, 7, 6, PREVIEW).before(0);
        byte[] raw = file.bytes(file.directory()
                .sensor(900, 600)
                .tag(274, SHORT, 1)
                .text(271, "PENTAX")
                .before(preview));

        assertThat(decoder.decode(raw).cropTo(64))
                .isEqualTo(decoder.decode(PREVIEW).cropTo(64));
    }

    @Test
    void previewMayBePlainPixels() {
        byte[] pixels = new byte[720 * 480 * 3];
        Arrays.fill(pixels, (byte) 99);
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        int sensor = file.directory().sensor(900, 600).before(0);
        byte[] raw = file.bytes(file.directory()
                .picture(720, 480, 1, 2, pixels)
                .tag(254, LONG, 1)
                .tag(330, LONG, sensor)
                .bytes(50706, new byte[] {1, 4, 0, 0})
                .before(0));

        DecodedImage image = decoder.decode(raw);

        assertThat(image.format()).isEqualTo(ImageFormat.RAW);
        assertThat(image.width()).isEqualTo(720);
        assertThat(image.cropTo(1)).containsExactly(99, 99, 99);
    }

    @ParameterizedTest
    @ValueSource(strings = {"IIRO", "IIRS", "MMOR", "IIU\0"})
    void rawsWithMarksOfTheirOwnAreKnown(String mark) {
        ByteOrder order = mark.startsWith("I") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        TestDirectories file = new TestDirectories(order);
        // Olympus hides it in its notes, Panasonic in a tag of its own.
        byte[] raw = file.bytes(file.directory()
                .bytes(mark.equals("IIU\0") ? 46 : 37500, PREVIEW)
                .tag(274, SHORT, 8)
                .before(0));
        System.arraycopy(mark.getBytes(StandardCharsets.US_ASCII), 0, raw, 0, 4);

        DecodedImage image = decoder.decode(raw);

        assertThat(image.format()).isEqualTo(ImageFormat.RAW);
        assertThat(image.width()).isEqualTo(480);
    }

    @Test
    void canonsRawIsKnownByItsMark() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] raw =
                file.bytes(file.directory().picture(720, 480, 6, 6, PREVIEW).before(0));
        System.arraycopy(new byte[] {'C', 'R', 2, 0}, 0, raw, 8, 4);

        assertThat(decoder.decode(raw).format()).isEqualTo(ImageFormat.RAW);
        assertThat(decoder.decode(raw).width()).isEqualTo(720);
    }

    @ParameterizedTest
    @CsvSource({"NIKON CORPORATION,NEF", "SONY,ARW", "PENTAX,PEF", "SAMSUNG,SRW", "Nobody,'DNG, NEF, CR2, ARW'"})
    void rawWithoutALargePreviewIsNamed(String make, String name) {
        byte[] raw =
                thumbnailFirst(ByteOrder.LITTLE_ENDIAN, TestImages.jpeg(320, 212, 7), page -> page.text(271, make));

        assertThatThrownBy(() -> decoder.decode(raw))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("camera raw (" + name)
                .hasMessageContaining("320 x 212");
    }

    @ParameterizedTest
    @ValueSource(strings = {"like.nef", "cfa.tif"})
    void rawIsNeverTakenForItsThumbnail(String name) {
        byte[] raw = TestImages.resource("/cases/" + name);

        assertThatThrownBy(() -> decoder.decode(raw))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("camera raw");
    }

    @Test
    void previewOfASmallSensorNeedsToBeOfItsSizeOnly() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        int preview = file.directory()
                .picture(400, 300, 7, 6, TestImages.jpeg(400, 300, 1))
                .before(0);
        byte[] raw = file.bytes(file.directory().sensor(404, 302).before(preview));

        assertThat(decoder.decode(raw).width()).isEqualTo(400);
    }

    @Test
    void rawThatIsCutOffIsDamaged() {
        byte[] raw = thumbnailFirst(ByteOrder.LITTLE_ENDIAN, PREVIEW, page -> page);

        assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(raw, raw.length - 40)))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("cut off");
    }

    // The picture of an ordinary TIFF

    @Test
    void fullPageIsTakenForItsReducedCopy() {
        DecodedImage image = decoder.decode(TestImages.resource("/cases/reduced-first.tif"));

        assertThat(image.format()).isEqualTo(ImageFormat.TIFF);
        assertThat(image.width()).isEqualTo(160);
    }

    @ParameterizedTest
    @CsvSource({"254,1", "255,2", "254,4"})
    void fullPictureInsideAReducedPageIsTaken(int tag, int value) {
        byte[] pixels = new byte[60 * 40 * 3];
        Arrays.fill(pixels, (byte) 77);
        TestDirectories file = new TestDirectories(ByteOrder.BIG_ENDIAN);
        int full = file.directory().picture(60, 40, 1, 2, pixels).before(0);
        byte[] tiff = file.bytes(file.directory()
                .picture(30, 20, 1, 2, new byte[30 * 20 * 3])
                .tag(tag, LONG, value)
                .tag(274, SHORT, 6)
                .tag(330, LONG, full)
                .before(0));

        DecodedImage image = decoder.decode(tiff);

        assertThat(image.format()).isEqualTo(ImageFormat.TIFF);
        assertThat(image.width()).isEqualTo(40);
        assertThat(image.height()).isEqualTo(60);
        assertThat(image.cropTo(1)).containsExactly(77, 77, 77);
    }

    @Test
    void firstPageIsThePictureOfADocument() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        int second =
                file.directory().picture(60, 40, 1, 2, new byte[60 * 40 * 3]).before(0);
        byte[] tiff = file.bytes(
                file.directory().picture(30, 20, 1, 2, new byte[30 * 20 * 3]).before(second));

        assertThat(decoder.decode(tiff).width()).isEqualTo(30);
    }

    @Test
    void onlyPageOfATiffIsThePictureWhateverItSays() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] tiff = file.bytes(file.directory()
                .picture(30, 20, 1, 2, new byte[30 * 20 * 3])
                .tag(254, LONG, 1)
                .before(0));

        assertThat(decoder.decode(tiff).width()).isEqualTo(30);
    }

    @ParameterizedTest
    @CsvSource({
        "50000,ZSTD",
        "34925,LZMA",
        "50001,WebP",
        "34712,JPEG 2000",
        "33003,JPEG 2000",
        "34661,JBIG",
        "34887,LERC",
        "50002,JPEG XL",
        "34892,lossy JPEG",
        "61234,compression 61234"
    })
    void packingThatIsUnknownIsNamed(int compression, String name) {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] tiff = file.bytes(
                file.directory().picture(30, 20, compression, 2, new byte[300]).before(0));

        assertThatThrownBy(() -> decoder.decode(tiff))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("TIFF with " + name);
    }

    @Test
    void whatIsNotNeededToReadATiffMayBeWrong() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] notes = new byte[200];
        Arrays.fill(notes, (byte) 0xFF);
        byte[] tiff = file.bytes(file.directory()
                .picture(30, 20, 1, 2, new byte[30 * 20 * 3])
                .tag(34665, LONG, file.data(notes))
                .tag(34853, SHORT, 3, 4, 5)
                .tag(700, LONG, 1, 2, 3)
                .before(0));
        ByteBuffer bytes = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int entry = bytes.getInt(4) + 2 + 12 * 9;
        assertThat(bytes.getShort(entry)).isEqualTo((short) 700);
        bytes.putInt(entry + 8, Integer.MAX_VALUE);

        assertThat(decoder.decode(tiff).width()).isEqualTo(30);
    }

    // JPEG of the old style: the TIFF around it is often wrong

    @Test
    void wholeJpegInsideATiffOfTheOldStyleIsRead() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        int start = file.data(PREVIEW);
        byte[] tiff = file.bytes(file.directory()
                .tag(256, LONG, 720)
                .tag(257, LONG, 480)
                .tag(259, SHORT, 6)
                .tag(262, SHORT, 6)
                .tag(274, SHORT, 3)
                .tag(513, LONG, start)
                .tag(514, LONG, PREVIEW.length)
                .before(0));

        DecodedImage image = decoder.decode(tiff);

        assertThat(image.format()).isEqualTo(ImageFormat.TIFF);
        assertThat(image.width()).isEqualTo(720);
        assertThat(image.cropTo(32)).isNotEqualTo(decoder.decode(PREVIEW).cropTo(32));
    }

    @Test
    void wholeJpegMayBeTheOnlyStrip() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] tiff =
                file.bytes(file.directory().picture(720, 480, 6, 6, PREVIEW).before(0));

        assertThat(decoder.decode(tiff).cropTo(32))
                .isEqualTo(decoder.decode(PREVIEW).cropTo(32));
    }

    @Test
    void scanMayBeElsewhereThanTheBeginningOfItsJpeg() {
        int scan = 2;
        while ((PREVIEW[scan + 1] & 0xFF) != 0xDA) {
            scan += 2 + ByteBuffer.wrap(PREVIEW).getShort(scan + 2);
        }
        int begins = scan + 2 + ByteBuffer.wrap(PREVIEW).getShort(scan + 2);
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] first = Arrays.copyOfRange(PREVIEW, begins, 2000);
        byte[] second = Arrays.copyOfRange(PREVIEW, 2000, PREVIEW.length - 2);
        int[] strips = {file.data(first), 0};
        file.data(new byte[99]);
        strips[1] = file.data(second);
        byte[] tiff = file.bytes(file.directory()
                .picture(720, 480, 6, 6, new byte[0])
                .tag(273, LONG, strips)
                .tag(279, LONG, first.length, second.length)
                .tag(513, LONG, file.data(Arrays.copyOf(PREVIEW, begins)))
                .tag(514, LONG, begins)
                .before(0));

        assertThat(decoder.decode(tiff).cropTo(32))
                .isEqualTo(decoder.decode(PREVIEW).cropTo(32));
    }

    @ParameterizedTest
    @ValueSource(strings = {"II", "MM"})
    void eachStripMayBeAJpeg(String order) {
        TestDirectories file = new TestDirectories(order.equals("II") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        byte[] strip = TestImages.jpeg(64, 32, 7);
        int[] starts = {file.data(strip), file.data(strip)};
        byte[] tiff = file.bytes(file.directory()
                .picture(64, 64, 6, 6, strip)
                .tag(273, LONG, starts)
                .tag(278, LONG, 32)
                .tag(279, LONG, strip.length, strip.length)
                .tag(530, SHORT, 2, 2)
                .before(0));

        DecodedImage image = decoder.decode(tiff);

        assertThat(image.height()).isEqualTo(64);
        assertThat(ImageDecoderTest.meanDifference(
                        Arrays.copyOf(image.cropTo(64), 64 * 32 * 3),
                        Arrays.copyOfRange(image.cropTo(64), 64 * 32 * 3, 64 * 64 * 3)))
                .isZero();
    }

    // What is made to keep us busy

    @Test
    void beginningsOfJpegsWithoutEndTakeNoTime() {
        TestDirectories file = new TestDirectories(ByteOrder.LITTLE_ENDIAN);
        byte[] beginnings = new byte[8 << 20];
        for (int at = 0; at + 4 <= beginnings.length; at += 4) {
            beginnings[at] = (byte) 0xFF;
            beginnings[at + 1] = (byte) 0xD8;
            beginnings[at + 2] = (byte) 0xFF;
            beginnings[at + 3] = (byte) 0xFF;
        }
        file.data(beginnings);
        byte[] raw = file.bytes(file.directory().sensor(90, 60).before(0));

        assertThatThrownBy(() -> decoder.decode(raw)).isInstanceOf(UnsupportedImageException.class);
    }

    @Test
    void directoriesThatShareTheirEntriesTakeNoMemory() {
        int pages = 60_000;
        ByteBuffer file = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        // Each page has as many entries as fit, and the same ones but for the first.
        for (int page = 0; page < pages; page++) {
            file.putShort(8 + page * 12, (short) 30_000);
        }

        assertThatThrownBy(() -> decoder.decode(file.array()))
                .isInstanceOfAny(DamagedImageException.class, UnsupportedImageException.class);
    }
}
