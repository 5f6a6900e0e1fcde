package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private final ImageDecoder decoder = new ImageDecoder(ImageDecoder.MAX_PIXELS);

    private byte[] square(String name) {
        return decoder.decode(TestImages.bytes(name)).cropTo(TestImages.HEIGHT);
    }

    @ParameterizedTest
    @CsvSource({
        "lossless.webp, WEBP, 0",
        "lossy.webp, WEBP, 6",
        "animated.webp, WEBP, 0",
        "animated.gif, GIF, 6",
        "progressive.jpg, JPEG, 3",
        "baseline.jpg, JPEG, 3",
        "cmyk.jpg, JPEG, 6",
        "lzw.tiff, TIFF, 0",
        "plain.bmp, BMP, 0",
        "palette.png, PNG, 12"
    })
    void everyAcceptedFormatGivesTheSamePicture(String name, ImageFormat format, double tolerance) {
        DecodedImage image = decoder.decode(TestImages.bytes(name));

        assertThat(image.format()).isEqualTo(format);
        assertThat(image.width()).isEqualTo(TestImages.WIDTH);
        assertThat(image.height()).isEqualTo(TestImages.HEIGHT);
        assertThat(TestImages.meanDifference(image.cropTo(TestImages.HEIGHT), square("reference.png")))
                .isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyOrientationOfExifComesOutUpright(int orientation) {
        DecodedImage image = decoder.decode(TestImages.bytes("orientation-" + orientation + ".jpg"));

        assertThat(image.width()).isEqualTo(TestImages.WIDTH);
        assertThat(image.height()).isEqualTo(TestImages.HEIGHT);
        assertThat(TestImages.meanDifference(image.cropTo(TestImages.HEIGHT), square("reference.png")))
                .isLessThan(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"grey-100.png", "grey-100.jpg", "grey16-100.png"})
    void greyKeepsItsStoredValue(String name) {
        byte[] pixels = decoder.decode(TestImages.bytes(name)).cropTo(8);

        for (byte value : pixels) {
            assertThat(value & 0xFF).isBetween(99, 101);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"transparent-left.png", "transparent-left.webp"})
    void transparentPartsAreWhite(String name) {
        byte[] pixels = square(name);

        assertThat(pixels).startsWith(0xFF, 0xFF, 0xFF);
        assertThat(Arrays.copyOfRange(pixels, pixels.length - 3, pixels.length)).isNotEqualTo(new byte[] {-1, -1, -1});
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "baseline.jpg",
                "progressive.jpg",
                "reference.png",
                "lossless.webp",
                "animated.gif",
                "lzw.tiff",
                "plain.bmp"
            })
    void truncatedPictureIsRefusedByNameWhereverItEnds(String name) {
        byte[] whole = TestImages.bytes(name);

        for (int tenth = 0; tenth < 9; tenth++) {
            byte[] cut = Arrays.copyOf(whole, 30 + (whole.length - 30) * tenth / 10);
            try {
                decoder.decode(cut);
                // A first frame that is whole is a picture, however the file goes on.
                assertThat(name).as("%d of %d bytes", cut.length, whole.length).startsWith("animated");
            } catch (DamagedImageException e) {
                assertThat(e).hasMessageMatching("(?s).*(JPEG|PNG|WEBP|GIF|TIFF|BMP).*");
            }
        }
    }

    @Test
    void garbledPictureIsAnAnswerAndNeverAnotherFailure() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<String> names =
                List.of("baseline.jpg", "reference.png", "lossy.webp", "animated.gif", "lzw.tiff", "plain.bmp");

        for (int round = 0; round < 60; round++) {
            byte[] bytes = TestImages.bytes(names.get(round % names.size()));
            for (int i = 0; i < 20; i++) {
                bytes[12 + random.nextInt(bytes.length - 12)] = (byte) random.nextInt(256);
            }
            try {
                assertThat(decoder.decode(bytes).width()).isPositive();
            } catch (DamagedImageException | ImageTooLargeException | UnsupportedImageException e) {
                assertThat(e).hasMessageMatching("(?s).+");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "just words|text",
                "<!DOCTYPE html><p>|HTML",
                "<svg xmlns='x'/>|SVG",
                "<?xml version='1.0'?><svg/>|SVG",
                "%PDF-1.7|PDF",
                "PK\u0003\u0004xx|ZIP",
                "0000ftypavif0000|AVIF",
                "0000ftypheic0000|HEIC"
            })
    void whatIsNoPictureIsCalledWhatItLooksLike(String start, String name) {
        assertThatThrownBy(() -> decoder.decode(start.getBytes(StandardCharsets.ISO_8859_1)))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("image/jpeg");
    }

    @Test
    void tooManyPixelsAreRefusedBeforeDecoding() {
        ImageDecoder small = new ImageDecoder(1000);

        assertThatThrownBy(() -> small.decode(TestImages.bytes("reference.png")))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("96 x 64")
                .hasMessageContaining("1000");
    }

    @Test
    void nothingIsNoPicture() {
        assertThatThrownBy(() -> decoder.decode(new byte[0])).isInstanceOf(UnsupportedImageException.class);
    }
}
