package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestTiff;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures are decoded within the memory that is there for it, or refused by their header. */
class DecodeMemoryTest {
    private static final int MEGABYTES = 1 << 20;

    /** Eight megabytes are for every picture. */
    private final TestDecoder small = TestDecoder.ofMemory(15 * MEGABYTES);

    @Test
    void pictureThatDoesNotFitIsRefusedWithTheNumberOfPixelsThatDo() {
        TestDecoder decoder = TestDecoder.ofMemory(30 * MEGABYTES);

        Throwable refusal = catchThrowable(() -> decoder.decode(TestWebp.of(5000, 5000)));

        assertThat(refusal).isInstanceOf(ImageTooLargeException.class).hasMessageContaining("5000x5000");
        int side = (int) Math.sqrt((double) pixelsThatFit(refusal));
        assertThat(side).isGreaterThan(2000);
        assertThat(decoder.decode(TestWebp.of(side, side)).width()).isEqualTo(side);
        assertThatThrownBy(() -> decoder.decode(TestWebp.of(side + 20, side + 20)))
                .isInstanceOf(ImageTooLargeException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "bmp", "tiff", "gif"})
    void pictureThatIsThinnedOutWhileReadTakesLittle(String format) {
        byte[] bytes = TestImages.write(TestImages.drawing(2700, 2020, 1), format);

        assertThat(small.decode(bytes).width()).isEqualTo(2700);
    }

    @Test
    void pictureThatIsNotThinnedOutTakesAllItsPixels() {
        byte[] strip = TestImages.png(16_000, 300, 1);

        assertThatThrownBy(() -> small.decode(strip)).isInstanceOf(ImageTooLargeException.class);
    }

    @Test
    void floatsAreReadWhole() {
        byte[] floats =
                new TestTiff(1500, 1500).gray(32, 3).filledWith(0.5).deflated().bytes();
        byte[] shorts = new TestTiff(1500, 1500)
                .gray(16, 1)
                .filledWith(0x8000)
                .deflated()
                .bytes();

        assertThatThrownBy(() -> small.decode(floats)).isInstanceOf(ImageTooLargeException.class);
        assertThat(small.decode(shorts).width()).isEqualTo(1500);
    }

    @Test
    void limitOnPixelsBoundsTheMemoryToo() {
        assertThat(ImageDecoder.memoryFor(3_000_000)).isLessThanOrEqualTo(DecodeMemory.ALWAYS + 36_000_000);
        assertThat(ImageDecoder.memoryFor(ImageDecoder.MOST_PIXELS))
                .isLessThanOrEqualTo(Runtime.getRuntime().maxMemory() / 3);
        assertThat(ImageDecoder.memoryFor(1)).isEqualTo(24 * MEGABYTES);
    }

    @Test
    void memoryIsReservedUntilThePixelsHaveBeenUsed() {
        byte[] strip = TestImages.png(3000, 300, 1);
        long needed = DecodeMemory.ALWAYS + 3000 * 300 * 6 + 5 * 3 * 3000;
        ImageDecoder one = new ImageDecoder(
                TestScheduler.SCHEDULER,
                ImageDecoder.DEFAULT_MAX_PIXELS,
                needed,
                ImageDecoder.DEFAULT_TIME,
                Deadline.PROCESSOR_TIME,
                Duration.ofMillis(1));

        Throwable refusal = one.decode(
                strip,
                TestScheduler.ticket(),
                image -> catchThrowable(() -> one.decode(strip, TestScheduler.ticket(), DecodedImage::width)));

        assertThat(refusal).isInstanceOf(DecoderBusyException.class);
        assertThat(one.decode(strip, TestScheduler.ticket(), DecodedImage::width))
                .isEqualTo(3000);
    }

    private static long pixelsThatFit(Throwable refusal) {
        Matcher number = Pattern.compile("at most (\\d+) pixels").matcher(refusal.getMessage());
        assertThat(number.find()).isTrue();
        return Long.parseLong(number.group(1));
    }
}
