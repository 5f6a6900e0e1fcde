package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestExif;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.testing.Variants;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExifTest {
    private static final ImageDecoder DECODER = new ImageDecoder(TestScheduler.SCHEDULER, 1_000_000);

    private static @Nullable Instant takenAt(byte[] picture) {
        return DECODER.decode(picture, TestScheduler.ticket(), DecodedImage::takenAt);
    }

    private static @Nullable Instant said(String time, @Nullable String offset) {
        byte[] block = TestExif.block(time, offset);
        return Exif.of(block, 0, block.length).takenAt();
    }

    @Test
    void timeIsReadFromPicturesOfEachFormatThatHasOne() {
        byte[] block = TestExif.block("2024:05:06 07:08:09", "+02:00");
        byte[] jpeg = Variants.withExif(TestPictures.scene("cat.jpg"), block);
        byte[] png = TestImages.rawPng(1, 1, 8, 2, new byte[4], TestImages.chunk("eXIf", block));

        assertThat(takenAt(jpeg)).isEqualTo(Instant.parse("2024-05-06T05:08:09Z"));
        assertThat(takenAt(png)).isEqualTo(Instant.parse("2024-05-06T05:08:09Z"));
        assertThat(takenAt(TestPictures.scene("cat.jpg"))).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "2024:05:06 07:08:09, +02:00, 2024-05-06T05:08:09Z",
        "2024:05:06 07:08:09, -03:30, 2024-05-06T10:38:09Z",
        "2024:05:06 07:08:09, , 2024-05-06T07:08:09Z",
        "2024:05:06 07:08:09, nonsense, 2024-05-06T07:08:09Z",
        "2024:05:06 07:08:09, +99:99, ",
        "1826:01:01 00:00:00, , 1826-01-01T00:00:00Z",
        "1825:12:31 23:59:59, , ",
        "2100:01:01 00:00:00, , ",
        "0000:00:00 00:00:00, , ",
        "2023:02:29 00:00:00, , ",
        "2024-05-06 07:08:09, , ",
        "'', , "
    })
    void timeIsThatOfItsOffsetOrUtcAndNothingIfItCannotBe(
            String time, @Nullable String offset, @Nullable Instant taken) {
        assertThat(said(time, offset)).isEqualTo(taken);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void brokenBlockSaysNothingAndHarmsNothing(int seed) {
        byte[] block = TestExif.block("2024:05:06 07:08:09", "+02:00");
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            byte[] broken = block.clone();
            ByteBuffer.wrap(broken).putInt(random.nextInt(broken.length - 3), random.nextInt());
            int end = random.nextInt(broken.length + 1);

            Exif exif = Exif.of(broken, 0, end);

            assertThat(exif.orientation()).isNotNull();
        }
    }
}
