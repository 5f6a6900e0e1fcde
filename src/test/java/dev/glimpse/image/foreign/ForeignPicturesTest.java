package dev.glimpse.image.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ForeignDecoder;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real pictures of every kind, by the real decoders. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ForeignPicturesTest {
    /** What a decoder makes of a sharp little picture whose colours it keeps at half the size. */
    private static final double COLORS_AT_HALF_SIZE = 4;

    private static TestDecoder decoder(String name) {
        return decoder(InstalledDecoders.requireFor(name));
    }

    private static TestDecoder decoder(ForeignDecoder foreign) {
        return new TestDecoder(new ImageDecoder(
                TestScheduler.SCHEDULER,
                ImageDecoder.DEFAULT_MAX_PIXELS,
                ImageDecoder.memoryFor(ImageDecoder.DEFAULT_MAX_PIXELS),
                ImageDecoder.DEFAULT_TIME,
                foreign));
    }

    @ParameterizedTest
    @CsvSource({
        "plain.heic, 96, 64",
        "turned.heic, 96, 64",
        "mirrored.heic, 96, 64",
        "deep.heic, 96, 64",
        "grid.heic, 96, 64",
        "several.heic, 96, 64",
        "plain.avif, 96, 64",
        "turned.avif, 96, 64",
        "deep.avif, 96, 64",
        "grid.avif, 192, 128",
        "plain.jxl, 96, 64",
        "turned.jxl, 96, 64",
        "from-jpeg.jxl, 96, 64",
        "deep.jxl, 96, 64"
    })
    void everyKindShowsTheSameSceneUpright(String name, int width, int height) {
        TestDecoder decoder = decoder(name);
        byte[] bytes = InstalledDecoders.file(name);
        byte[] scene = new TestDecoder().decode(TestImages.file("scene.png")).cropTo(64);

        DecodedImage forTheModel = decoder.decode(bytes);
        DecodedImage forPeople = decoder.decodeInTrueColors(bytes);

        assertThat(forTheModel.format()).isEqualTo(ImageFormat.sniff(bytes).orElseThrow());
        assertThat(forTheModel.width()).isEqualTo(width);
        assertThat(forTheModel.height()).isEqualTo(height);
        assertThat(meanDifference(forTheModel.cropTo(64), scene)).isLessThan(COLORS_AT_HALF_SIZE);
        assertThat(meanDifference(forPeople.cropTo(64), scene)).isLessThan(COLORS_AT_HALF_SIZE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alpha.heic", "alpha.avif", "alpha.jxl"})
    void whatIsTransparentIsWhite(String name) {
        byte[] onWhite =
                new TestDecoder().decode(TestImages.file("alpha-on-white.png")).cropTo(64);

        DecodedImage image = decoder(name).decode(InstalledDecoders.file(name));

        assertThat(meanDifference(image.cropTo(64), onWhite)).isLessThan(1.5);
    }

    private static double meanDifference(byte[] pixels, byte[] expected) {
        assertThat(pixels).hasSameSizeAs(expected);
        double sum = 0;
        for (int i = 0; i < pixels.length; i++) {
            sum += Math.abs((pixels[i] & 0xFF) - (expected[i] & 0xFF));
        }
        return sum / pixels.length;
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.heic", "grid.heic", "alpha.heic", "plain.avif", "plain.jxl", "from-jpeg.jxl"})
    void pictureThatIsCutOffIsDamaged(String name) {
        TestDecoder decoder = decoder(name);
        byte[] bytes = InstalledDecoders.file(name);
        byte[] half = Arrays.copyOf(bytes, Math.max(bytes.length / 2, bytes.length - 400));

        assertThatThrownBy(() -> decoder.decode(half))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining(
                        "damaged " + ImageFormat.sniff(bytes).orElseThrow().title());
        assertThat(decoder.decode(bytes).width()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.heic", "plain.avif"})
    void tooManyPixelsAreRefusedByTheHeader(String name) {
        byte[] bytes = HeaderTest.withSize(InstalledDecoders.file(name), 60_000, 60_000);

        assertThatThrownBy(() -> decoder(name).decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("60000x60000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.heic", "plain.avif", "plain.jxl"})
    void noiseInsteadOfThePictureIsDamagedOrAPicture(String name) {
        TestDecoder decoder = decoder(name);
        byte[] bytes = InstalledDecoders.file(name);
        Arrays.fill(bytes, bytes.length / 2, bytes.length, (byte) 0xA5);

        try {
            assertThat(decoder.decode(bytes).width()).isEqualTo(96);
        } catch (DamagedImageException e) {
            assertThat(e).hasMessageContaining("decoder says");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "plain.heic, HEIC, libheif-examples",
        "plain.avif, AVIF, libheif-plugin-dav1d",
        "plain.jxl, JPEG XL, libjxl-tools"
    })
    void serverWithoutADecoderSaysWhatToInstall(String name, String title, String installed, @TempDir Path folder) {
        Path tools = InstalledDecoders.offer(folder.resolve("tools"), "prlimit", "timeout", "choom", "bwrap");
        DecoderPrograms none = DecoderPrograms.find(TestScheduler.SCHEDULER, 1 << 30, 2, List.of(tools), folder);
        TestDecoder decoder = decoder(none);

        assertThat(none.formats()).isEmpty();
        assertThatThrownBy(() -> decoder.decode(InstalledDecoders.file(name)))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining(title)
                .hasMessageContaining(installed)
                .hasMessageContaining("accepted are JPEG, PNG, GIF, WebP, BMP, TIFF and camera raw");
    }

    @Test
    void serverThatRunsNoDecodersSaysSo() {
        assertThatThrownBy(() -> new TestDecoder().decode(InstalledDecoders.file("plain.heic")))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("glimpse.decode.memory is 0");
    }

    @Test
    void refusalNamesWhatIsDecodedHere() {
        DecoderPrograms decoders = InstalledDecoders.requireFor("plain.heic");

        assertThatThrownBy(() -> decoder(decoders).decode("plain text".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("HEIC");
    }
}
