package dev.glimpse.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Animations for tests, GIF and WebP, put together frame by frame: Java writes none of the second kind. For one thread. */
public final class TestAnimation {
    private static final int CLEAR_CODE = 128;
    private static final int END_CODE = 129;

    private final boolean gif;
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    private TestAnimation(boolean gif) {
        this.gif = gif;
    }

    /**
     * A GIF without frames.
     *
     * @param palette at most 128 colours, as 0xRRGGBB; the first is the background
     */
    public static TestAnimation gif(int width, int height, int... palette) {
        TestAnimation animation = new TestAnimation(true);
        ByteBuffer header = ByteBuffer.allocate(13 + 3 * 128).order(ByteOrder.LITTLE_ENDIAN);
        header.put("GIF89a".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) width)
                .putShort((short) height)
                .put((byte) 0xF6)
                .put((byte) 0)
                .put((byte) 0);
        for (int color : palette) {
            header.put((byte) (color >> 16)).put((byte) (color >> 8)).put((byte) color);
        }
        animation.file.writeBytes(header.array());
        return animation;
    }

    /**
     * A frame of a GIF that is of one colour.
     *
     * @param disposal 0 or 1 stays, 2 is cleared, 3 is restored
     * @param transparent the number of the colour that is transparent, or -1
     */
    public TestAnimation fill(int x, int y, int width, int height, int color, int disposal, int transparent) {
        int[] colors = new int[width * height];
        Arrays.fill(colors, color);
        return frame(x, y, width, height, colors, disposal, transparent);
    }

    /** A frame of a GIF, with the number of each pixel's colour. */
    public TestAnimation frame(int x, int y, int width, int height, int[] colors, int disposal, int transparent) {
        ByteBuffer control = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0x21)
                .put((byte) 0xF9)
                .put((byte) 4)
                .put((byte) (disposal << 2 | (transparent < 0 ? 0 : 1)))
                .putShort((short) 10)
                .put((byte) Math.max(0, transparent))
                .put((byte) 0);
        ByteBuffer image = ByteBuffer.allocate(11)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0x2C)
                .putShort((short) x)
                .putShort((short) y)
                .putShort((short) width)
                .putShort((short) height)
                .put((byte) 0)
                .put((byte) 7);
        file.writeBytes(control.array());
        file.writeBytes(image.array());
        // Codes of eight bits, as long as the table is cleared before it grows.
        ByteArrayOutputStream codes = new ByteArrayOutputStream();
        for (int i = 0; i < colors.length; i++) {
            if (i % 100 == 0) {
                codes.write(CLEAR_CODE);
            }
            codes.write(colors[i]);
        }
        codes.write(END_CODE);
        byte[] all = codes.toByteArray();
        for (int at = 0; at < all.length; at += 255) {
            int count = Math.min(255, all.length - at);
            file.write(count);
            file.write(all, at, count);
        }
        file.write(0);
        return this;
    }

    public static TestAnimation webp(int width, int height) {
        TestAnimation animation = new TestAnimation(false);
        animation.file.writeBytes(ByteBuffer.allocate(44)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(0)
                .put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .putInt(0x12)
                .putShort((short) (width - 1))
                .put((byte) ((width - 1) >> 16))
                .putShort((short) (height - 1))
                .put((byte) ((height - 1) >> 16))
                .put("ANIM".getBytes(StandardCharsets.US_ASCII))
                .putInt(6)
                .putInt(-1)
                .putShort((short) 0)
                .array());
        return animation;
    }

    /**
     * A frame of a WebP.
     *
     * @param x even
     * @param y even
     * @param covers whether what is transparent replaces what is below
     * @param cleared whether its place is transparent after it
     * @param still a WebP with the frame's picture
     */
    public TestAnimation frame(int x, int y, int width, int height, boolean covers, boolean cleared, byte[] still) {
        boolean extended = still[15] == 'X';
        byte[] parts = Arrays.copyOfRange(still, extended ? 30 : 12, still.length);
        file.writeBytes(ByteBuffer.allocate(24 + parts.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("ANMF".getBytes(StandardCharsets.US_ASCII))
                .putInt(16 + parts.length)
                .put(int24(x / 2))
                .put(int24(y / 2))
                .put(int24(width - 1))
                .put(int24(height - 1))
                .put(int24(100))
                .put((byte) ((covers ? 2 : 0) | (cleared ? 1 : 0)))
                .put(parts)
                .array());
        return this;
    }

    public byte[] bytes() {
        if (gif) {
            ByteArrayOutputStream ended = new ByteArrayOutputStream();
            ended.writeBytes(file.toByteArray());
            ended.write(0x3B);
            return ended.toByteArray();
        }
        byte[] bytes = file.toByteArray();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, bytes.length - 8);
        return bytes;
    }

    private static byte[] int24(int value) {
        return new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16)};
    }
}
