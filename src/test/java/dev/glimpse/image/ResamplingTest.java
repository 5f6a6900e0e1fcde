package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ResamplingTest {
    private final TestDecoder decoder = new TestDecoder();

    @ParameterizedTest
    @CsvSource({"wide,64", "wide,224", "high,64", "strip,64", "strip,224", "exact,64"})
    void givesTheBytesThatPillowGives(String name, int size) {
        DecodedImage source = decoder.decode(TestImages.file("resample-" + name + ".png"));
        byte[] expected = TestImages.rgb(TestImages.file("resample-" + name + "-" + size + ".png"));

        byte[] actual = source.cropTo(size);

        assertThat(actual).isEqualTo(expected);
    }

    static Stream<Arguments> squares() {
        return Stream.of("wide", "high")
                .flatMap(name -> Stream.of(Square.Filter.values())
                        .flatMap(filter -> Stream.of(
                                arguments(
                                        name,
                                        "squash",
                                        new Square(47, Square.Resize.SQUASH, 47, filter, Square.Crop.TO_EVEN, 0)),
                                arguments(
                                        name,
                                        "long_side",
                                        new Square(47, Square.Resize.LONG_SIDE, 47, filter, Square.Crop.TO_EVEN, 7)),
                                arguments(
                                        name,
                                        "short_side",
                                        new Square(47, Square.Resize.SHORT_SIDE, 47, filter, Square.Crop.TO_EVEN, 0)),
                                arguments(
                                        name,
                                        "short_side53",
                                        new Square(
                                                47, Square.Resize.SHORT_SIDE, 53, filter, Square.Crop.TO_EVEN, 0)))));
    }

    @ParameterizedTest
    @MethodSource("squares")
    void givesTheSquareThatTorchvisionMakesOfPillowsPictures(String name, String kind, Square square) {
        DecodedImage source = decoder.decode(TestImages.file("square-" + name + ".png"));
        String filter = square.filter().name().toLowerCase(Locale.ROOT);
        byte[] expected = TestImages.rgb(TestImages.file("square-%s-%s-%s-47.png".formatted(name, kind, filter)));

        byte[] actual = source.cropTo(square, () -> {});

        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void windowOfTheOutputEqualsThatPartOfTheWhole() {
        byte[] source = TestImages.rgb(TestImages.png(40, 30, 9));
        Resampling.Axis height = new Resampling.Axis(30, 12, 0, 12);
        byte[] whole = Resampling.resize(source, new Resampling.Axis(40, 17, 0, 17), height, () -> {});

        byte[] window = Resampling.resize(source, new Resampling.Axis(40, 17, 5, 1), height, () -> {});

        for (int y = 0; y < 12; y++) {
            assertThat(window[y * 3]).isEqualTo(whole[(y * 17 + 5) * 3]);
        }
    }

    @Test
    void sameSizeChangesNothing() {
        byte[] source = TestImages.rgb(TestImages.png(9, 7, 3));

        byte[] same =
                Resampling.resize(source, new Resampling.Axis(9, 9, 0, 9), new Resampling.Axis(7, 7, 0, 7), () -> {});

        assertThat(same).isEqualTo(source);
    }
}
