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
        Fingerprint one = Fingerprint.of(2, 1, 2, 1, new byte[] {0, 0, 0, 100, 100, 100});
        Fingerprint other = Fingerprint.of(2, 1, 2, 1, new byte[] {0, 0, 0, 100, 100, 101});

        assertThat(other.pixels()).isNotEqualTo(one.pixels());
        assertThat(other.look()).isEqualTo(one.look());
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
