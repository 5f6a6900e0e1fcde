package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Gives a PNG that lost its end the end that its reader waits for. Whether all rows are there shows when they are read. */
final class PngTidying {
    private static final byte[] END = {0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xAE, 0x42, 0x60, (byte) 0x82};

    private PngTidying() {}

    /**
     * The same bytes if they have an end, else a longer copy.
     *
     * @throws DamagedImageException if there are no pixels at all
     * @throws UnsupportedImageException if only Apple's own programs can read it
     */
    static byte[] of(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        boolean pixels = false;
        int at = 8;
        while (at + 12L <= bytes.length) {
            String name = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
            long end = at + 12L + Integer.toUnsignedLong(file.getInt(at));
            if (name.equals("CgBI")) {
                throw UnsupportedImageException.of("CgBI, a PNG for Apple's own programs");
            }
            if (name.equals("IEND")) {
                return bytes;
            }
            if (end > bytes.length) {
                break;
            }
            pixels |= name.equals("IDAT");
            at = (int) end;
        }
        // Pixels that are cut off may lack no more than a checksum.
        int data = bytes.length - at - 8;
        boolean cutPixels = data > 0 && Container.isAt(bytes, at + 4, "IDAT");
        if (!pixels && !cutPixels) {
            throw new DamagedImageException("damaged PNG: cut off in the part that begins at byte " + at);
        }
        int kept = cutPixels ? bytes.length + 4 : at;
        byte[] whole = Arrays.copyOf(Arrays.copyOf(bytes, cutPixels ? bytes.length : at), kept + END.length);
        if (cutPixels) {
            ByteBuffer.wrap(whole).putInt(at, data);
        }
        System.arraycopy(END, 0, whole, kept, END.length);
        return whole;
    }
}
