package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ThumbnailTest {
    private static final byte[] LARGE = TestImages.jpeg(4000, 3000, 1);

    private final TestDecoder decoder = new TestDecoder();

    @ParameterizedTest
    @CsvSource({"256, 192", "512, 384", "1024, 768"})
    void largePictureIsReadWithAsManyPixelsAsItsThumbnailNeeds(int width, int height) {
        for (ThumbnailFormat format : ThumbnailFormat.values()) {
            DecodedImage thumbnail = decoder.decode(decoder.thumbnail(LARGE, width, format));

            assertThat(thumbnail.format().mediaType()).isEqualTo(format.mediaType());
            assertThat(thumbnail.width()).isEqualTo(width);
            assertThat(thumbnail.height()).isEqualTo(height);
        }
    }

    @Test
    void withLittleMemoryAPictureThatCanBeDecodedHasAThumbnailThoughASmallerOne() {
        long memory = DecodeMemory.ALWAYS + (18 << 20);
        TestDecoder small = TestDecoder.ofMemory(memory);

        DecodedImage thumbnail = decoder.decode(small.thumbnail(LARGE, 1024, ThumbnailFormat.JPEG));

        assertThat(small.decode(LARGE).width()).isEqualTo(4000);
        assertThat(thumbnail.width()).isEqualTo(1000);
        assertThat(thumbnail.height()).isEqualTo(750);
    }

    @Test
    void thumbnailIsUpright() {
        DecodedImage upright = decoder.decode(TestImages.file("orientation-1.jpg"));

        for (ThumbnailFormat format : ThumbnailFormat.values()) {
            DecodedImage turned = decoder.decode(decoder.thumbnail(TestImages.file("orientation-6.jpg"), 256, format));
            assertThat(turned.width()).isEqualTo(upright.width());
            assertThat(ImageDecoderTest.meanDifference(turned.cropTo(16), upright.cropTo(16)))
                    .isLessThan(6);
        }
    }

    @ParameterizedTest
    @EnumSource(ThumbnailFormat.class)
    void thinLinesOfASmallPictureKeepTheirColour(ThumbnailFormat format) throws IOException {
        int red = 0xE00000;
        BufferedImage lines = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64 * 64; i++) {
            lines.setRGB(i % 64, i / 64, i % 4 == 1 ? red : 0xFFFFFF);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(lines, "png", png);

        byte[] thumbnail = decoder.thumbnail(png.toByteArray(), 256, format);

        Color line = new Color(ImageIO.read(new ByteArrayInputStream(thumbnail)).getRGB(33, 32));
        assertThat(line.getRed()).isCloseTo(0xE0, within(24));
        assertThat(line.getGreen()).isLessThan(24);
        assertThat(line.getBlue()).isLessThan(24);
    }

    @Test
    void damagedPictureHasNone() {
        byte[] half = Arrays.copyOf(LARGE, LARGE.length / 2);

        assertThatThrownBy(() -> decoder.thumbnail(half, 256, ThumbnailFormat.WEBP))
                .isInstanceOf(DamagedImageException.class);
    }

    /** The encoder's library can decode too. It is native, and files of strangers are not for native code. */
    @Test
    void webpsThatCameFromOutsideAreReadByJavaAlone() {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByMIMEType("image/webp");
        assertThat(Stream.iterate(readers, Iterator::hasNext, each -> each).map(Iterator::next))
                .isNotEmpty()
                .allSatisfy(reader -> assertThat(reader.getClass().getName()).startsWith("com.twelvemonkeys."));
    }
}
