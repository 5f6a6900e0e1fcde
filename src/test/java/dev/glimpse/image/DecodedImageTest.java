package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodedImageTest {
    private final ImageDecoder decoder = new ImageDecoder(ImageDecoder.MAX_PIXELS);

    @ParameterizedTest
    @CsvSource({"wide, 64", "wide, 100", "tall, 64", "tall, 100", "tiny, 64", "tiny, 100", "strip, 64", "strip, 100"})
    void cropIsPillowsToTheBit(String name, int size) {
        byte[] crop =
                decoder.decode(TestImages.bytes("resize-" + name + ".png")).cropTo(size);

        assertThat(crop).isEqualTo(TestImages.pixels("resize-" + name + "-" + size + ".png"));
    }

    @Test
    void thinnestStripHasAMiddleToo() {
        DecodedImage strip =
                new DecodedImage(ImageFormat.PNG, 1, 60_000, new BufferedImage(1, 60_000, BufferedImage.TYPE_INT_RGB));

        assertThat(strip.cropTo(64)).hasSize(64 * 64 * 3);
        assertThat(strip.thumbnail(256)).isNotEmpty();
    }

    @Test
    void thumbnailFitsAndKeepsItsProportions() throws IOException {
        DecodedImage image = decoder.decode(TestImages.bytes("resize-wide.png"));

        BufferedImage thumbnail = ImageIO.read(new ByteArrayInputStream(image.thumbnail(100)));
        BufferedImage notEnlarged = ImageIO.read(new ByteArrayInputStream(image.thumbnail(1000)));

        assertThat(thumbnail.getWidth()).isEqualTo(100);
        assertThat(thumbnail.getHeight()).isEqualTo(32);
        assertThat(notEnlarged.getWidth()).isEqualTo(301);
    }
}
