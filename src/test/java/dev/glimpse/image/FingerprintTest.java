package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.testing.Variants;
import dev.glimpse.testing.Variants.Variant;
import java.util.List;
import org.junit.jupiter.api.Test;

class FingerprintTest {
    private static final ImageDecoder DECODER = new ImageDecoder(TestScheduler.SCHEDULER, 1_000_000);

    private static Fingerprint of(byte[] picture) {
        return DECODER.decode(picture, TestScheduler.ticket(), DecodedImage::fingerprint);
    }

    @Test
    void samePixelsHaveTheSameFingerprintInWhateverFile() {
        byte[] scene = TestPictures.scene("cat.jpg");
        Fingerprint original = of(scene);

        List<Variant> same =
                Variants.of(scene, 1).stream().filter(Variant::same).toList();

        assertThat(same)
                .hasSize(3)
                .allSatisfy(variant ->
                        assertThat(of(variant.bytes())).as(variant.name()).isEqualTo(original));
    }

    @Test
    void onePixelThatDiffersALittleMakesAnotherNumberAndTheSameLook() {
        byte[] pixels = TestImages.rgb(TestImages.png(64, 48, 1));
        Fingerprint one = Fingerprint.of(64, 48, 64, 48, pixels);
        pixels[999]++;
        Fingerprint other = Fingerprint.of(64, 48, 64, 48, pixels);

        assertThat(other.pixels()).isNotEqualTo(one.pixels());
        assertThat(other.look()).isEqualTo(one.look());
    }

    @Test
    void picturesOfOneColorHaveOneLookInEachSize() {
        long look = flat(100, 100, 0x808080);

        assertThat(flat(100, 100, 0xFF0000)).isEqualTo(look);
        assertThat(flat(301, 17, 0x123456)).isEqualTo(look);
    }

    private static long flat(int width, int height, int color) {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (color >> (8 * (i % 3)));
        }
        return Fingerprint.of(width, height, width, height, pixels).look();
    }

    @Test
    void samePixelsInAnotherShapeAreAnotherPicture() {
        byte[] pixels = new byte[12];

        assertThat(Fingerprint.of(4, 1, 4, 1, pixels).pixels())
                .isNotEqualTo(Fingerprint.of(1, 4, 1, 4, pixels).pixels())
                .isNotEqualTo(Fingerprint.of(2, 2, 2, 2, pixels).pixels());
    }

    @Test
    void picturesThatLookDifferentDifferInManyBits() {
        Fingerprint cat = of(TestPictures.scene("cat.jpg"));

        assertThat(cat.lookDistance(of(TestPictures.scene("airplane.jpg")))).isGreaterThan(16);
        assertThat(cat.lookDistance(of(TestImages.png(64, 48, 1)))).isGreaterThan(16);
        assertThat(cat.lookDistance(cat)).isZero();
    }
}
