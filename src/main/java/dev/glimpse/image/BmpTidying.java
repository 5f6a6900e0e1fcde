package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Brings the header of a BMP into the form that its reader knows. */
final class BmpTidying {
    private static final int FILE_SIZE = 2;
    private static final int PIXELS = 10;
    private static final int HEADER = 14;
    private static final int BITS_PER_PIXEL = 28;
    private static final int COMPRESSION = 30;
    private static final int COLORS = 46;
    private static final int COLOR_SPACE = 70;
    private static final int S_RGB = 0x73524742;

    private static final int OS2 = 12;
    private static final int PLAIN = 40;
    private static final int WITH_MASKS = 52;
    private static final int WITH_ALPHA_MASK = 56;
    private static final int WITH_COLORS = 108;
    private static final int WITH_PROFILE = 124;

    private BmpTidying() {}

    /**
     * Gives back these bytes, or a copy whose header says how long the file really is.
     *
     * @throws UnsupportedImageException if the header is one that only OS/2 has, or the pixels are a JPEG or a PNG
     */
    static byte[] of(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER + PLAIN) {
            return bytes;
        }
        int header = file.getInt(HEADER);
        switch (header) {
            case OS2, PLAIN, WITH_COLORS, WITH_PROFILE -> {}
            case WITH_MASKS, WITH_ALPHA_MASK -> {
                return sized(longer(bytes, header));
            }
            default -> {
                // Versions 2 of OS/2 end wherever the rest would be zero.
                if (header >= 16 && header <= 64) {
                    throw UnsupportedImageException.of("OS/2 BMP");
                }
                throw UnsupportedImageException.of("BMP with a header of %d bytes".formatted(header));
            }
        }
        int compression = header == OS2 ? 0 : file.getInt(COMPRESSION);
        if (compression == 4 || compression == 5) {
            // Meant for printers. The picture inside would be decoded whatever its own size is.
            throw UnsupportedImageException.of("BMP with another picture inside instead of pixels");
        }
        return sized(bytes);
    }

    /**
     * Some programs leave the size zero, as nobody needs it; the reader compares the picture with it. Others forget the palette when they say
     * where the pixels begin.
     */
    private static byte[] sized(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int pixels = startOfPixels(file);
        if (file.getInt(FILE_SIZE) == bytes.length && file.getInt(PIXELS) == pixels) {
            return bytes;
        }
        return ByteBuffer.wrap(bytes.clone())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(FILE_SIZE, bytes.length)
                .putInt(PIXELS, pixels)
                .array();
    }

    private static int startOfPixels(ByteBuffer file) {
        int said = file.getInt(PIXELS);
        int header = file.getInt(HEADER);
        int bits = file.getShort(BITS_PER_PIXEL);
        if (header == OS2 || bits < 1 || bits > 8 || said != HEADER + header) {
            return said;
        }
        int colors = file.getInt(COLORS);
        return said + 4 * (colors > 0 && colors < 1 << bits ? colors : 1 << bits);
    }

    /** The reader knows the next longer header, which begins with the same fields. */
    private static byte[] longer(byte[] bytes, int header) {
        int more = WITH_COLORS - header;
        ByteBuffer longer = ByteBuffer.allocate(bytes.length + more).order(ByteOrder.LITTLE_ENDIAN);
        int rest = Math.min(bytes.length, HEADER + header);
        longer.put(bytes, 0, rest);
        longer.position(rest + more);
        longer.put(bytes, rest, bytes.length - rest);
        longer.putInt(PIXELS, longer.getInt(PIXELS) + more);
        longer.putInt(HEADER, WITH_COLORS);
        longer.putInt(COLOR_SPACE, S_RGB);
        return longer.array();
    }
}
