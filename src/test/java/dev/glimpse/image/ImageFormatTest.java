package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestImages;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFormatTest {
    @ParameterizedTest
    @CsvSource({"jpeg,JPEG", "png,PNG", "gif,GIF", "bmp,BMP", "tiff,TIFF"})
    void knowsWhatJavaWrites(String written, ImageFormat expected) {
        byte[] bytes = TestImages.write(TestImages.drawing(4, 3, 7), written);

        assertThat(ImageFormat.sniff(bytes)).contains(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lossy.webp", "lossless.webp", "alpha.webp", "animated.webp"})
    void knowsEveryKindOfWebp(String name) {
        assertThat(ImageFormat.sniff(TestImages.file(name))).contains(ImageFormat.WEBP);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "B", "BM", "GIF", "plain text", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7"})
    void anythingElseIsEmpty(String text) {
        assertThat(ImageFormat.sniff(text.getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    @Test
    void soundInTheContainerOfWebpIsEmpty() {
        byte[] sound = "RIFF\0\0\0\0WAVEfmt ".getBytes(StandardCharsets.US_ASCII);

        assertThat(ImageFormat.sniff(sound)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void isFoundByItsExtension(ImageFormat format) {
        assertThat(ImageFormat.ofExtension(format.extension())).contains(format);
        assertThat(format.mediaType()).startsWith("image/");
    }

    @Test
    void unknownExtensionIsEmpty() {
        assertThat(ImageFormat.ofExtension("jpeg")).isEmpty();
        assertThat(ImageFormat.ofExtension("exe")).isEmpty();
    }
}
