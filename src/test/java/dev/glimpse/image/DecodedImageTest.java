package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DecodedImageTest {
    @ParameterizedTest
    @CsvSource({"1,65000", "65000,1", "1,1", "3,224", "500,2"})
    void everyShapeGivesASquare(int width, int height) {
        byte[] blue = new byte[width * height * 3];
        Arrays.fill(blue, (byte) 77);
        DecodedImage image = new DecodedImage(ImageFormat.PNG, width, height, width, height, blue);

        byte[] square = image.cropTo(224);

        assertThat(square).hasSize(224 * 224 * 3).containsOnly(77);
    }

    @Test
    void squareIsTheMiddle() {
        // Three columns: black, grey, black.
        byte[] columns = new byte[9];
        Arrays.fill(columns, 3, 6, (byte) 100);
        DecodedImage image = new DecodedImage(ImageFormat.PNG, 3, 1, 3, 1, columns);

        byte[] middle = image.cropTo(1);

        assertThat(middle).containsExactly(100, 100, 100);
    }

    @Test
    void cropMayPauseAtEachRowThatItReadsAndEachColumnThatItWrites() {
        DecodedImage image = new DecodedImage(ImageFormat.PNG, 30, 20, 30, 20, new byte[30 * 20 * 3]);
        AtomicInteger pauses = new AtomicInteger();

        image.cropTo(Square.ofMiddle(10), pauses::incrementAndGet);

        assertThat(pauses).hasValue(20 + 10);
    }

    @Test
    void callsDoNotDisturbEachOther() {
        byte[] rgb = TestImages.rgb(TestImages.png(30, 20, 5));
        DecodedImage image = new DecodedImage(ImageFormat.PNG, 30, 20, 30, 20, rgb);
        byte[] first = image.cropTo(16);

        Arrays.fill(image.cropTo(16), (byte) 0);

        assertThat(image.cropTo(16)).isEqualTo(first);
    }

    @ParameterizedTest
    @CsvSource({
        "400,300,100,100,75",
        "300,400,100,75,100",
        "50,40,100,50,40",
        "65000,1,100,100,1",
        "100,100,100,100,100"
    })
    void thumbnailFitsAndIsNeverEnlarged(int width, int height, int maxSide, int expectedWidth, int expectedHeight)
            throws IOException {
        DecodedImage image =
                new DecodedImage(ImageFormat.PNG, width, height, width, height, new byte[width * height * 3]);

        for (ThumbnailFormat format : ThumbnailFormat.values()) {
            byte[] thumbnail = image.thumbnail(maxSide, format);

            BufferedImage read = ImageIO.read(new ByteArrayInputStream(thumbnail));
            assertThat(ImageFormat.sniff(thumbnail).orElseThrow().mediaType()).isEqualTo(format.mediaType());
            assertThat(read.getWidth()).isEqualTo(expectedWidth);
            assertThat(read.getHeight()).isEqualTo(expectedHeight);
        }
    }

    @ParameterizedTest
    @EnumSource
    void thumbnailHasTheColoursOfThePicture(ThumbnailFormat format) {
        TestDecoder decoder = new TestDecoder();
        DecodedImage scene = decoder.decode(TestImages.file("scene.png"));

        DecodedImage thumbnail = decoder.decode(scene.thumbnail(48, format));

        assertThat(thumbnail.width()).isEqualTo(48);
        assertThat(thumbnail.height()).isEqualTo(32);
        assertThat(ImageDecoderTest.meanDifference(thumbnail.cropTo(32), scene.cropTo(32)))
                .isLessThan(6);
    }

    @Test
    void refusesNonsense() {
        DecodedImage image = new DecodedImage(ImageFormat.PNG, 1, 1, 1, 1, new byte[3]);

        assertThatThrownBy(() -> image.cropTo(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> image.thumbnail(0, ThumbnailFormat.JPEG)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new DecodedImage(ImageFormat.PNG, 0, 1, 1, 1, new byte[3]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new DecodedImage(ImageFormat.PNG, 2, 1, 2, 1, new byte[3]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
