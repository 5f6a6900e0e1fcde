package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BicubicTest {
    private final TestDecoder decoder = new TestDecoder();

    @ParameterizedTest
    @CsvSource({"wide,64", "wide,224", "high,64", "strip,64", "strip,224", "exact,64"})
    void givesTheBytesThatPillowGives(String name, int size) {
        DecodedImage source = decoder.decode(TestImages.file("resample-" + name + ".png"));
        byte[] expected = TestImages.rgb(TestImages.file("resample-" + name + "-" + size + ".png"));

        byte[] actual = source.cropTo(size);

        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void windowOfTheOutputEqualsThatPartOfTheWhole() {
        byte[] source = TestImages.rgb(TestImages.png(40, 30, 9));
        Bicubic.Axis height = new Bicubic.Axis(30, 12, 0, 12);
        byte[] whole = Bicubic.resize(source, new Bicubic.Axis(40, 17, 0, 17), height, () -> {});

        byte[] window = Bicubic.resize(source, new Bicubic.Axis(40, 17, 5, 1), height, () -> {});

        for (int y = 0; y < 12; y++) {
            assertThat(window[y * 3]).isEqualTo(whole[(y * 17 + 5) * 3]);
        }
    }

    @Test
    void sameSizeChangesNothing() {
        byte[] source = TestImages.rgb(TestImages.png(9, 7, 3));

        byte[] same = Bicubic.resize(source, new Bicubic.Axis(9, 9, 0, 9), new Bicubic.Axis(7, 7, 0, 7), () -> {});

        assertThat(same).isEqualTo(source);
    }
}
