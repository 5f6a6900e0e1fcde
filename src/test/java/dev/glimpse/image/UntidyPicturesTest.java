package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestDirectories;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestProfiles;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that lack something which is no part of the picture, and files that are fine but not for us. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UntidyPicturesTest {
    private final TestDecoder decoder = new TestDecoder();

    private void assertSame(byte[] untidy, byte[] tidy) {
        assertThat(decoder.decode(untidy).cropTo(32))
                .isEqualTo(decoder.decode(tidy).cropTo(32));
    }

    private static byte[] written(int width, int height, String format, boolean progressive) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.setOutput(out);
            writer.write(null, new IIOImage(TestImages.drawing(width, height, 5), null, null), param);
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    // JPEG without its end marker

    @ParameterizedTest
    @CsvSource({"false,0", "false,1", "false,2", "false,5000", "true,0", "true,1", "true,5000"})
    void jpegThatIsWholeNeedsNoEndMarker(boolean progressive, int zeros) {
        byte[] whole = written(60, 44, "jpeg", progressive);

        assertSame(Arrays.copyOf(Arrays.copyOf(whole, whole.length - 2), whole.length - 2 + zeros), whole);
        assertSame(Arrays.copyOf(whole, whole.length - 1), whole);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void jpegThatIsCutOffIsRefusedAlsoIfZerosFollow(boolean progressive) {
        byte[] whole = written(60, 44, "jpeg", progressive);

        // What is missing of the last few bytes may be zeros.
        for (int length = 3; length < whole.length - 16; length += 1 + length / 100) {
            byte[] zeros = Arrays.copyOf(Arrays.copyOf(whole, length), whole.length + 500);

            assertThat(catchThrowable(() -> decoder.decode(zeros)))
                    .as("%d of %d bytes", length, whole.length)
                    .isInstanceOf(DamagedImageException.class);
        }
    }

    @Test
    void fileOfAJpegThatWasMadeLargerThanWhatWasWrittenIsTaken() {
        DecodedImage image = decoder.decode(TestImages.resource("/cases/no-eoi-trailing-zeros.jpg"));

        assertThat(image.width()).isEqualTo(160);
        assertThat(image.height()).isEqualTo(120);
    }

    // PNG without its end

    @ParameterizedTest
    @CsvSource({"60,44,false", "60,44,true", "1400,1400,false"})
    void pngThatHasAllRowsNeedsNoEnd(int width, int height, boolean interlaced) {
        byte[] whole = written(width, height, "png", interlaced);
        byte[] withText = TestProfiles.inserted(
                Arrays.copyOf(whole, whole.length - 12), whole.length - 12, TestImages.chunk("tEXt", new byte[200]));

        assertSame(Arrays.copyOf(whole, whole.length - 12), whole);
        assertSame(Arrays.copyOf(whole, whole.length - 5), whole);
        // Without the checksum of its pixels.
        assertSame(Arrays.copyOf(whole, whole.length - 16), whole);
        assertSame(Arrays.copyOf(withText, withText.length - 100), whole);
    }

    @ParameterizedTest
    @CsvSource({"60,44,false", "60,44,true", "1400,1400,false"})
    void pngThatLacksARowIsRefused(int width, int height, boolean interlaced) {
        byte[] whole = written(width, height, "png", interlaced);

        for (int missing : new int[] {30, 40, 60, 100, whole.length / 10, whole.length / 2}) {
            byte[] cut = Arrays.copyOf(whole, whole.length - 12 - missing);

            assertThat(catchThrowable(() -> decoder.decode(cut)))
                    .as("without %d bytes", missing)
                    .isInstanceOf(DamagedImageException.class);
        }
    }

    @Test
    void fileOfAPngWithoutItsEndIsTaken() {
        assertThat(decoder.decode(TestImages.resource("/cases/no-iend.png")).width())
                .isEqualTo(160);
    }

    // BMP

    @ParameterizedTest
    @ValueSource(ints = {0, 54, Integer.MAX_VALUE})
    void sizeThatABmpSaysIsNotBelieved(int size) {
        byte[] bmp = TestImages.write(TestImages.drawing(30, 20, 5), "bmp");
        byte[] wrong = bmp.clone();
        ByteBuffer.wrap(wrong).order(ByteOrder.LITTLE_ENDIAN).putInt(2, size);

        assertSame(wrong, bmp);
    }

    @Test
    void paletteThatABmpForgetsInFrontOfItsPixelsIsThere() {
        BufferedImage drawing = new BufferedImage(30, 20, BufferedImage.TYPE_BYTE_INDEXED);
        drawing.createGraphics().drawImage(TestImages.drawing(30, 20, 5), 0, 0, null);
        byte[] bmp = TestImages.write(drawing, "bmp");
        byte[] wrong = bmp.clone();
        ByteBuffer.wrap(wrong).order(ByteOrder.LITTLE_ENDIAN).putInt(10, 14 + 40);

        assertSame(wrong, bmp);
    }

    @Test
    void bmpThatIsCutOffIsRefusedWhateverSizeItSays() {
        byte[] bmp = TestImages.write(TestImages.drawing(30, 20, 5), "bmp");
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(2, 0);

        assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(bmp, bmp.length - 100)))
                .isInstanceOf(DamagedImageException.class);
    }

    @Test
    void packedBmpThatSaysNoSizeIsTaken() {
        byte[] rows = {4, 9, 0, 0, 4, 9, 0, 0, 0, 1};
        ByteBuffer file = ByteBuffer.allocate(54 + 1024 + rows.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {'B', 'M'}).putInt(0).putInt(0).putInt(54 + 1024);
        file.putInt(40)
                .putInt(4)
                .putInt(2)
                .putShort((short) 1)
                .putShort((short) 8)
                .putInt(1);
        file.putInt(54 + 9 * 4, 0x00FF8040).position(54 + 1024).put(rows);

        assertThat(decoder.decode(file.array()).cropTo(1)).containsExactly(0xFF, 0x80, 0x40);
    }

    @ParameterizedTest
    @ValueSource(ints = {52, 56})
    void bmpWithAHeaderBetweenTheCommonOnesIsTaken(int header) {
        ByteBuffer file = ByteBuffer.allocate(14 + header + 16).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {'B', 'M'}).putInt(file.capacity()).putInt(0).putInt(14 + header);
        file.putInt(header)
                .putInt(2)
                .putInt(2)
                .putShort((short) 1)
                .putShort((short) 32)
                .putInt(3);
        file.putInt(54, 0xFF).putInt(58, 0xFF00).putInt(62, 0xFF0000);
        for (int pixel = 0; pixel < 4; pixel++) {
            file.putInt(14 + header + 4 * pixel, 0x4080FF);
        }

        assertThat(decoder.decode(file.array()).cropTo(1)).containsExactly(0xFF, 0x80, 0x40);
    }

    @Test
    void fileOfABmpThatSaysNoSizeIsTaken() {
        assertThat(decoder.decode(TestImages.resource("/cases/size0.bmp")).width())
                .isEqualTo(160);
    }

    // Orientation

    /** A block of EXIF that says 6: the camera was held upright. */
    private static byte[] exif(ByteOrder order, int type) {
        TestDirectories file = new TestDirectories(order);
        return file.bytes(file.directory().tag(274, type, 6).before(0));
    }

    @ParameterizedTest
    @CsvSource({"true,3", "true,4", "false,3", "false,4", "true,1", "false,1", "true,8", "false,8", "true,9", "false,9"
    })
    void orientationMayBeANumberOfAnyKind(boolean bigEndian, int type) {
        byte[] exif = exif(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN, type);
        byte[] segment = ByteBuffer.allocate(10 + exif.length)
                .putShort((short) 0xFFE1)
                .putShort((short) (8 + exif.length))
                .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .put(exif)
                .array();
        byte[] jpeg = TestProfiles.inJpeg(TestImages.jpeg(30, 20, 5), segment);
        byte[] png = TestProfiles.inserted(TestImages.png(30, 20, 5), 33, TestImages.chunk("eXIf", exif));
        byte[] webp = TestProfiles.inWebp(TestImages.file("lossless.webp"), 96, 64, "EXIF", exif);
        TestDirectories file = new TestDirectories(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        byte[] tiff = file.bytes(file.directory()
                .picture(30, 20, 1, 2, new byte[30 * 20 * 3])
                .tag(274, type, 6)
                .before(0));

        assertThat(decoder.decode(jpeg).height()).isEqualTo(30);
        assertThat(decoder.decode(png).height()).isEqualTo(30);
        assertThat(decoder.decode(webp).height()).isEqualTo(96);
        assertThat(decoder.decode(tiff).height()).isEqualTo(30);
    }

    @Test
    void fileWhoseOrientationIsALongNumberIsUpright() {
        DecodedImage image = decoder.decode(TestImages.resource("/cases/exif-MM-long.jpg"));

        assertThat(image.width()).isEqualTo(120);
        assertThat(image.height()).isEqualTo(160);
    }

    // Fine, but not for us

    private void assertUnsupported(byte[] bytes, String name) {
        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining(name);
    }

    @Test
    void tiffThatIsPackedInAnotherWayIsNamed() {
        assertUnsupported(TestImages.resource("/cases/im_compress_ZSTD.tif"), "ZSTD");
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 64})
    void bmpOfOs2IsNamed(int header) {
        ByteBuffer file = ByteBuffer.allocate(14 + 64 + 12).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {'B', 'M'}).putInt(file.capacity()).putInt(0).putInt(14 + header);
        file.putInt(header).putInt(2).putInt(2).putShort((short) 1).putShort((short) 24);

        assertUnsupported(file.array(), "OS/2 BMP");
    }

    @Test
    void pngForApplesOwnProgramsIsNamed() {
        byte[] png = TestImages.png(3, 2, 1);

        assertUnsupported(TestProfiles.inserted(png, 8, TestImages.chunk("CgBI", new byte[4])), "CgBI");
    }

    @ParameterizedTest
    @CsvSource({"201,arithmetic", "197,hierarchical", "247,JPEG-LS"})
    void jpegOfARareKindIsNamed(int marker, String name) {
        byte[] jpeg = TestImages.jpeg(30, 20, 5);
        int at = 2;
        while ((jpeg[at + 1] & 0xFF) != 0xC0) {
            at += 2 + ByteBuffer.wrap(jpeg).getShort(at + 2);
        }
        jpeg[at + 1] = (byte) marker;

        assertUnsupported(jpeg, name);
    }

    @Test
    void jpegOfTwelveBitsIsNamed() {
        byte[] jpeg = TestImages.jpeg(30, 20, 5);
        int at = 2;
        while ((jpeg[at + 1] & 0xFF) != 0xC0) {
            at += 2 + ByteBuffer.wrap(jpeg).getShort(at + 2);
        }
        jpeg[at + 1] = (byte) 0xC1;
        jpeg[at + 4] = 12;

        assertUnsupported(jpeg, "12 bits");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "00 00 00 0C 6A 50 20 20 0D 0A 87 0A|JPEG 2000",
                "FF 4F FF 51 00 2F|JPEG 2000",
                "38 42 50 53 00 01 00 00|PSD",
                "00 00 01 00 01 00 10 10|ICO",
                "00 00 02 00 01 00 10 10|CUR",
                "46 55 4A 49 46 49 4C 4D 43 43 44 2D 52 41 57 20|camera raw (RAF)",
                "67 69 6D 70 20 78 63 66 20|XCF",
                "25 21 50 53 2D 41 64 6F 62 65|EPS",
                "C5 D0 D3 C6 1E 00 00 00|EPS",
                "25 50 44 46 2D 31 2E 35|PDF",
                "76 2F 31 01 02 00 00 00|EXR",
                "23 3F 52 41 44 49 41 4E 43 45 0A|HDR",
                "44 44 53 20 7C 00 00 00|DDS",
                "00 00 02 00 00 00 00 00 00 00 00 00 08 00 08 00 18 20|TGA",
                "00 00 00 14 66 74 79 70 71 74 20 20|MOV",
                "00 00 00 08 77 69 64 65 00 00|MOV",
                "00 00 00 18 66 74 79 70 69 73 6F 6D|MP4",
                "00 00 00 18 66 74 79 70 63 72 78 20|camera raw (CR3)",
                "00 00 00 18 66 74 79 70 68 65 69 63|HEIC",
                "00 00 00 18 66 74 79 70 61 76 69 66|AVIF",
                "FF 0A 7F 7F|JPEG XL",
                "00 00 00 0C 4A 58 4C 20 0D 0A 87 0A|JPEG XL",
                "52 49 46 46 00 00 00 00 41 56 49 20|AVI",
                "1A 45 DF A3 01 00|MKV",
                "50 4B 03 04 14 00|ZIP",
                "37 7A BC AF 27 1C 00 04|7z",
                "52 61 72 21 1A 07 01 00|RAR",
                "1F 8B 08 00|gzip",
                "49 49 2B 00 08 00|BigTIFF",
                "49 49 BC 01 08 00|JPEG XR",
                "42 4D 57 20 69 73 20 61 20 63 61 72 20 61 6E 64 20 6E 6F 20 70 69 63 74 75 72 65|text",
                "50 36 0A 32 20 32 0A 32 35 35 0A 00|PPM",
                "71 6F 69 66 00 00|QOI",
                "0A 05 01 08 00 00 00 00|PCX",
                "00 00 00 00 00 00 00 00|nothing but zeros"
            })
    void whatIsNoPictureForUsIsNamed(String hex, String name) {
        byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(hex);

        assertUnsupported(bytes, name);
        assertUnsupported(Arrays.copyOf(bytes, hex.startsWith("42") ? bytes.length : bytes.length + 40), name);
    }
}
