package dev.glimpse.image.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.UnsupportedImageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is known of a picture before any program is started. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HeaderTest {
    private static final int SEED = 2026;

    static Header header(byte[] bytes) {
        return Header.of(ImageFormat.sniff(bytes).orElseThrow(), bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "plain.heic, 96, 64, HEIC, false",
        "turned.heic, 64, 96, HEIC, false",
        "mirrored.heic, 96, 64, HEIC, false",
        "alpha.heic, 96, 64, HEIC, true",
        "deep.heic, 96, 64, HEIC, false",
        "grid.heic, 96, 64, HEIC, false",
        "several.heic, 96, 64, HEIC, false",
        "plain.avif, 96, 64, AVIF, false",
        "turned.avif, 64, 96, AVIF, false",
        "alpha.avif, 96, 64, AVIF, true",
        "deep.avif, 96, 64, AVIF, false",
        "grid.avif, 192, 128, AVIF, false",
        "plain.jxl, 96, 64, JXL, false",
        "turned.jxl, 64, 96, JXL, false",
        "from-jpeg.jxl, 64, 96, JXL, false",
        "alpha.jxl, 96, 64, JXL, true",
        "deep.jxl, 96, 64, JXL, false"
    })
    void saysSizeCodingAndTransparency(String name, long width, long height, ImageFormat coding, boolean transparent) {
        Header header = header(InstalledDecoders.file(name));

        assertThat(header.width()).isEqualTo(width);
        assertThat(header.height()).isEqualTo(height);
        assertThat(header.coding()).isEqualTo(coding);
        assertThat(header.transparent()).isEqualTo(transparent);
    }

    @Test
    void onlyThePrimaryPictureIsLeftToSee() {
        byte[] several = InstalledDecoders.file("several.heic");

        byte[] given = several.clone();
        header(several).hidden().forEach(at -> given[at] |= 1);

        assertThat(hidden(several)).containsExactly(0, 0, 0);
        assertThat(hidden(given)).containsExactly(1, 0, 1);
    }

    /** The lowest bit of the flags of each item. */
    private static int[] hidden(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        return IntStream.iterate(text.indexOf("infe"), at -> at >= 0, at -> text.indexOf("infe", at + 1))
                .map(at -> bytes[at + 7] & 1)
                .toArray();
    }

    @Test
    void largeAnnouncementIsReadAsItIs() {
        byte[] bytes = withSize(InstalledDecoders.file("plain.heic"), 60_000, 60_000);

        assertThat(header(bytes).width()).isEqualTo(60_000);
        assertThat(header(withSize(bytes, -1, -1)).height()).isEqualTo(0xFFFFFFFFL);
    }

    /** Says so in the first of the boxes that hold a size. */
    static byte[] withSize(byte[] heif, int width, int height) {
        byte[] changed = heif.clone();
        int at = new String(heif, StandardCharsets.ISO_8859_1).indexOf("ispe") + 8;
        ByteBuffer.wrap(changed).putInt(at, width).putInt(at + 4, height);
        return changed;
    }

    @Test
    void partLargerThanTheWholeCounts() {
        byte[] grid = InstalledDecoders.file("grid.heic");
        int whole = new String(grid, StandardCharsets.ISO_8859_1).indexOf("ispe");
        int part = new String(grid, StandardCharsets.ISO_8859_1).indexOf("ispe", whole + 1);
        ByteBuffer.wrap(grid).putInt(part + 8, 50_000);

        assertThat(header(grid).width()).isEqualTo(50_000);
    }

    @Test
    void tilesOfManyTimesThePixelsAreRefused() {
        byte[] grid = InstalledDecoders.file("grid.heic");
        ByteBuffer file = ByteBuffer.wrap(grid);
        int whole = new String(grid, StandardCharsets.ISO_8859_1).indexOf("ispe");
        int part = new String(grid, StandardCharsets.ISO_8859_1).indexOf("ispe", whole + 1);

        // Two tiles that fill the whole are too few to be refused; a thousand would be.
        file.putInt(whole + 8, 64).putInt(whole + 12, 64).putInt(part + 8, 64).putInt(part + 12, 64);
        assertThat(header(grid).width()).isEqualTo(64);
        byte[] many = withReferences(grid, 1_000);

        assertThatThrownBy(() -> header(many))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged HEIC: its tiles have many times the pixels of the whole picture");
    }

    @Test
    void moreOfAnythingThanAPictureNeedsIsRefused() {
        byte[] many = withReferences(InstalledDecoders.file("grid.heic"), 40_000);

        assertThatThrownBy(() -> header(many))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged HEIC: more than 32768 references");
    }

    /** The grid made of its first tile, again and again. */
    private static byte[] withReferences(byte[] grid, int count) {
        String text = new String(grid, StandardCharsets.ISO_8859_1);
        int meta = text.indexOf("meta") - 4;
        int refs = text.indexOf("iref") - 4;
        ByteBuffer file = ByteBuffer.wrap(grid);
        int old = file.getInt(refs);
        int added = 12 + 12 + 2 * count - old;
        ByteBuffer changed = ByteBuffer.allocate(grid.length + added)
                .put(grid, 0, refs)
                .putInt(old + added)
                .put(grid, refs + 4, 8)
                .putInt(12 + 2 * count)
                .put("dimg".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 1)
                .putShort((short) count);
        for (int i = 0; i < count; i++) {
            changed.putShort((short) 2);
        }
        return changed.put(grid, refs + old, grid.length - refs - old)
                .putInt(meta, file.getInt(meta) + added)
                .array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.heic", "alpha.avif", "grid.heic", "from-jpeg.jxl"})
    void cutOffHeaderIsDamaged(String name) {
        byte[] bytes = InstalledDecoders.file(name);

        assertThatThrownBy(() -> header(Arrays.copyOf(bytes, 41)))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("damaged "
                        + name.replaceAll(".*jxl", "JPEG XL")
                                .replaceAll(".*heic", "HEIC")
                                .replaceAll(".*avif", "AVIF"));
    }

    @Test
    void pictureInAnotherCodingIsNamed() {
        byte[] bytes = InstalledDecoders.file("plain.heic");
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("hvc1");
        System.arraycopy("vvc1".getBytes(StandardCharsets.US_ASCII), 0, bytes, at, 4);

        assertThatThrownBy(() -> header(bytes))
                .isInstanceOf(UnsupportedImageException.class)
                .hasMessageContaining("'vvc1'")
                .hasMessageContaining("HEVC or AV1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"alpha.heic", "grid.avif", "several.heic", "deep.jxl", "from-jpeg.jxl"})
    void changedBytesEndInAHeaderOrANamedRefusal(String name) {
        byte[] good = InstalledDecoders.file(name);
        Random random = new Random(SEED);
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = Arrays.copyOf(good, random.nextInt(8) == 0 ? random.nextInt(good.length) : good.length);
            for (int n = 1 + random.nextInt(4); n > 0 && changed.length > 16; n--) {
                // The first bytes say what it is.
                changed[16 + random.nextInt(Math.min(700, changed.length - 16))] = (byte) random.nextInt(256);
            }

            Throwable thrown =
                    catchThrowable(() -> ImageFormat.sniff(changed).ifPresent(format -> Header.of(format, changed)));

            if (thrown != null) {
                assertThat(thrown)
                        .as("round %d of seed %d of %s", i, SEED, name)
                        .isInstanceOfAny(DamagedImageException.class, UnsupportedImageException.class);
            }
        }
    }
}
