package dev.glimpse.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Small HEICs, AVIFs and JPEG XLs, changed so that decoders get to see nonsense. The same for the same random numbers. */
public final class HostileForeignPictures {
    private static final List<String> GOOD = List.of(
            "plain.heic",
            "alpha.heic",
            "deep.heic",
            "grid.heic",
            "turned.heic",
            "several.heic",
            "plain.avif",
            "alpha.avif",
            "deep.avif",
            "grid.avif",
            "turned.avif",
            "plain.jxl",
            "alpha.jxl",
            "deep.jxl",
            "from-jpeg.jxl");

    /** Sizes, counts and offsets at which programs have failed. */
    private static final int[] NUMBERS = {
        0, 1, 2, 7, 255, 4_096, 7_000, 32_768, 65_535, 60_000, 1 << 30, -1, Integer.MAX_VALUE
    };

    private final Random random;

    public HostileForeignPictures(Random random) {
        this.random = random;
    }

    /** The name ends like that of the good picture that it was. */
    @SuppressWarnings("ArrayRecordComponent") // made once, and looked at once
    public record Picture(String name, byte[] bytes) {}

    public Picture next() {
        String name = GOOD.get(random.nextInt(GOOD.size()));
        byte[] bytes = TestImages.file("foreign/" + name);
        for (int changes = 1 + random.nextInt(3); changes > 0 && bytes.length > 64; changes--) {
            bytes = changed(bytes);
        }
        return new Picture(name, bytes);
    }

    private byte[] changed(byte[] bytes) {
        // The first bytes stay: they say what it is.
        int at = 16 + random.nextInt(bytes.length - 20);
        int header = 16 + random.nextInt(Math.min(bytes.length - 20, 600));
        switch (random.nextInt(6)) {
            case 0 -> {
                for (int i = random.nextInt(20); i >= 0; i--) {
                    bytes[16 + random.nextInt(bytes.length - 16)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            case 1 -> ByteBuffer.wrap(bytes).putInt(header, NUMBERS[random.nextInt(NUMBERS.length)]);
            case 2 -> ByteBuffer.wrap(bytes).putShort(header, (short) NUMBERS[random.nextInt(NUMBERS.length)]);
            case 3 -> bytes[header] = (byte) random.nextInt(256);
            case 4 -> {
                return Arrays.copyOf(bytes, at);
            }
            default -> {
                ByteArrayOutputStream repeated = new ByteArrayOutputStream();
                repeated.write(bytes, 0, at);
                int length = 1 + random.nextInt(Math.min(200, bytes.length - at));
                for (int i = random.nextInt(50); i >= 0; i--) {
                    repeated.write(bytes, at, length);
                }
                repeated.write(bytes, at, bytes.length - at);
                return repeated.toByteArray();
            }
        }
        return bytes;
    }
}
