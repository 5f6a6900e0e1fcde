package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestAnimation;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Of an animation, what a viewer shows first. */
class AnimationTest {
    private static final int STAYS = 1;
    private static final int OPAQUE = -1;

    private static final int[] PALETTE = {0xFFFFFF, 0xFF0000, 0x0000FF};
    private static final int WHITE = 0;
    private static final int RED = 1;
    private static final int BLUE = 2;

    private final TestDecoder decoder = new TestDecoder();

    // GIF

    @Test
    void firstFrameIsSeenInItsPlaceOnTheCanvas() {
        byte[] bytes = gif(40, 40).fill(20, 20, 10, 10, RED, STAYS, OPAQUE).bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(40);
        assertThat(image.height()).isEqualTo(40);
        assertThat(pixel(image, 40, 20, 20)).containsExactly(255, 0, 0);
        assertThat(pixel(image, 40, 29, 29)).containsExactly(255, 0, 0);
        assertThat(pixel(image, 40, 19, 20)).containsExactly(255, 255, 255);
        assertThat(pixel(image, 40, 30, 29)).containsExactly(255, 255, 255);
    }

    @Test
    void firstFrameThatIsNotOfOneColourIsSeen() {
        byte[] bytes = gif(8, 8)
                .fill(0, 0, 8, 8, WHITE, STAYS, OPAQUE)
                .fill(0, 0, 8, 8, RED, STAYS, OPAQUE)
                .fill(2, 2, 4, 4, BLUE, STAYS, OPAQUE)
                .fill(0, 0, 8, 8, WHITE, STAYS, OPAQUE)
                .bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(pixel(image, 8, 0, 0)).containsExactly(255, 0, 0);
        assertThat(pixel(image, 8, 3, 3)).containsExactly(0, 0, 255);
    }

    @Test
    void transparentFirstFrameIsSkipped() {
        byte[] bytes = gif(8, 8)
                .fill(0, 0, 1, 1, RED, STAYS, RED)
                .fill(4, 0, 4, 8, BLUE, STAYS, OPAQUE)
                .bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(pixel(image, 8, 3, 0)).containsExactly(255, 255, 255);
        assertThat(pixel(image, 8, 4, 0)).containsExactly(0, 0, 255);
    }

    @ParameterizedTest
    @CsvSource({"1, 255, 0, 0", "2, 255, 255, 255", "3, 255, 255, 255"})
    void placeOfAFrameIsDisposedOfAsItSays(int disposal, int red, int green, int blue) {
        byte[] bytes = gif(8, 8)
                .fill(0, 0, 8, 8, RED, disposal, OPAQUE)
                .fill(0, 0, 4, 8, BLUE, STAYS, OPAQUE)
                .bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(pixel(image, 8, 0, 0)).containsExactly(0, 0, 255);
        assertThat(pixel(image, 8, 7, 7)).containsExactly(red, green, blue);
    }

    @Test
    void animationOfOneColourIsItsFirstFrame() {
        byte[] bytes = gif(8, 8)
                .fill(0, 0, 8, 8, RED, STAYS, OPAQUE)
                .fill(0, 0, 8, 8, BLUE, STAYS, OPAQUE)
                .bytes();

        assertThat(pixel(decoder.decode(bytes), 8, 4, 4)).containsExactly(255, 0, 0);
    }

    @Test
    void whatIsDamagedAfterTheFirstFrameIsNotLookedFor() {
        byte[] whole = gif(8, 8)
                .fill(0, 0, 8, 8, RED, STAYS, OPAQUE)
                .fill(0, 0, 4, 8, BLUE, STAYS, OPAQUE)
                .bytes();
        byte[] bytes = Arrays.copyOf(whole, whole.length - 30);

        assertThat(pixel(decoder.decode(bytes), 8, 7, 7)).containsExactly(255, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "4,4", "60000,60000"})
    void canvasThatIsTooSmallOrTooLargeIsThatOfTheFrame(int width, int height) {
        byte[] bytes = gif(width, height).fill(0, 0, 8, 6, RED, STAYS, OPAQUE).bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(8);
        assertThat(image.height()).isEqualTo(6);
    }

    @Test
    void largeCanvasIsThinnedOut() {
        byte[] bytes =
                gif(2000, 1600).fill(1000, 0, 1000, 1600, RED, STAYS, OPAQUE).bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(2000);
        assertThat(pixel(image, 16, 3, 8)).containsExactly(255, 255, 255);
        assertThat(pixel(image, 16, 13, 8)).containsExactly(255, 0, 0);
    }

    @Test
    void millionsOfBlankFramesAreNotAllDecoded() {
        TestAnimation blank = gif(100, 100);
        for (int i = 0; i < 1000; i++) {
            blank.fill(0, 0, 1, 1, WHITE, STAYS, OPAQUE);
        }

        DecodedImage image =
                decoder.decode(blank.fill(0, 0, 50, 50, RED, STAYS, OPAQUE).bytes());

        assertThat(pixel(image, 100, 10, 10)).containsExactly(255, 255, 255);
    }

    // WebP

    @ParameterizedTest
    @ValueSource(strings = {"lossless.webp", "lossy.webp"})
    void firstFrameOfAWebpIsSeenInItsPlace(String still) {
        byte[] bytes = TestAnimation.webp(192, 128)
                .frame(64, 32, 96, 64, false, false, TestImages.file(still))
                .bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(192);
        assertThat(image.height()).isEqualTo(128);
        assertThat(pixel(image, 128, 2, 2)).containsExactly(255, 255, 255);
        // The red corner of the scene: the middle square begins 32 pixels from the left.
        assertThat(pixel(image, 128, 64 - 32 + 8, 32 + 4)).satisfies(red -> {
            assertThat(red[0]).isGreaterThan(180);
            assertThat(red[1]).isLessThan(60);
        });
    }

    @Test
    void blankFirstFrameOfAWebpIsSkipped() {
        byte[] blank = TestWebp.of(2, 2);
        blank[24] |= 0x10; // it has alpha
        byte[] bytes = TestAnimation.webp(96, 64)
                .frame(0, 0, 2, 2, false, false, blank)
                .frame(0, 0, 96, 64, false, false, TestImages.file("lossless.webp"))
                .bytes();

        DecodedImage image = decoder.decode(bytes);

        assertThat(image.width()).isEqualTo(96);
        assertThat(image.cropTo(64))
                .isEqualTo(decoder.decode(TestImages.file("scene.png")).cropTo(64));
    }

    @ParameterizedTest
    @CsvSource({"alpha.webp, 0", "alpha-lossy.webp, 5"})
    void transparentFrameIsLaidOnWhiteOrWhatIsBelow(String still, int tolerance) {
        byte[] bytes = TestAnimation.webp(96, 64)
                .frame(0, 0, 96, 64, false, false, TestImages.file(still))
                .bytes();

        byte[] seen = decoder.decode(bytes).cropTo(64);

        byte[] expected = decoder.decode(TestImages.file("alpha-on-white.png")).cropTo(64);
        long difference = 0;
        for (int i = 0; i < seen.length; i++) {
            difference += Math.abs((seen[i] & 0xFF) - (expected[i] & 0xFF));
        }
        assertThat((double) difference / seen.length).isLessThanOrEqualTo(tolerance + 0.5);
    }

    @Test
    void canvasOfAWebpMayNotBeLargerThanPicturesMay() {
        byte[] bytes = TestAnimation.webp(1 << 24, 1 << 24)
                .frame(0, 0, 96, 64, false, false, TestImages.file("lossless.webp"))
                .bytes();

        assertThatThrownBy(() -> decoder.decode(bytes))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("16777216x16777216");
    }

    @Test
    void frameThatDoesNotFillItsPlaceIsDamaged() {
        byte[] bytes = TestAnimation.webp(300, 300)
                .frame(0, 0, 100, 100, false, false, TestImages.file("lossless.webp"))
                .bytes();

        assertThatThrownBy(() -> decoder.decode(bytes)).isInstanceOf(DamagedImageException.class);
    }

    private static TestAnimation gif(int width, int height) {
        return TestAnimation.gif(width, height, PALETTE);
    }

    /** A pixel of the middle square, scaled to this size. */
    private static int[] pixel(DecodedImage image, int size, int x, int y) {
        byte[] rgb = image.cropTo(size);
        int at = 3 * (y * size + x);
        return new int[] {rgb[at] & 0xFF, rgb[at + 1] & 0xFF, rgb[at + 2] & 0xFF};
    }
}
