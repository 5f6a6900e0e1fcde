package dev.glimpse.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Finds the colour profile of a PNG or a GIF, whose readers do not look for it. The readers of the other formats follow theirs. */
final class FileProfile {
    /** Both may come before anything else, but not in thousands. */
    private static final int MOST_PARTS = 10_000;

    private static final byte[] GIF_NAME = "ICCRGBG1012".getBytes(StandardCharsets.US_ASCII);

    private FileProfile() {}

    /** Empty if there is none, if it cannot be followed, or if the reader of this format looks after it. */
    static Optional<ColorProfile> of(ImageFormat format, byte[] bytes) {
        try {
            return switch (format) {
                case PNG -> png(bytes);
                case GIF -> gif(bytes);
                default -> Optional.empty();
            };
        } catch (IndexOutOfBoundsException | DataFormatException e) {
            return Optional.empty();
        }
    }

    /** It has to come before the pixels. */
    private static Optional<ColorProfile> png(byte[] bytes) throws DataFormatException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        int at = 8;
        for (int part = 0; part < MOST_PARTS; part++) {
            int data = at + 8;
            long end = data + Integer.toUnsignedLong(file.getInt(at));
            String name = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
            if (name.equals("IDAT") || end + 4 > bytes.length) {
                return Optional.empty();
            }
            if (name.equals("iCCP")) {
                // A name of at most 79 letters, a zero, and another for the way it is packed.
                int packed = data;
                while (bytes[packed] != 0) {
                    packed++;
                }
                return packed + 2 < end && bytes[packed + 1] == 0
                        ? inflated(bytes, packed + 2, (int) end).flatMap(ColorProfile::of)
                        : Optional.empty();
            }
            at = (int) end + 4;
        }
        return Optional.empty();
    }

    private static Optional<byte[]> inflated(byte[] bytes, int start, int end) throws DataFormatException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes, start, end - start);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            while (!inflater.finished()) {
                int count = inflater.inflate(buffer);
                out.write(buffer, 0, count);
                if (count == 0 || out.size() > ColorProfile.MOST_BYTES) {
                    return Optional.empty();
                }
            }
            return Optional.of(out.toByteArray());
        } finally {
            inflater.end();
        }
    }

    private static Optional<ColorProfile> gif(byte[] bytes) {
        int at = 13 + ((bytes[10] & 0x80) == 0 ? 0 : 3 << ((bytes[10] & 7) + 1));
        while (bytes[at] == 0x21) {
            boolean found = (bytes[at + 1] & 0xFF) == 0xFF
                    && bytes[at + 2] == GIF_NAME.length
                    && Arrays.equals(bytes, at + 3, at + 3 + GIF_NAME.length, GIF_NAME, 0, GIF_NAME.length);
            at += 2;
            if (found) {
                at += 1 + GIF_NAME.length;
            }
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            while (bytes[at] != 0) {
                int piece = bytes[at] & 0xFF;
                if (found) {
                    data.write(bytes, at + 1, piece);
                }
                at += 1 + piece;
            }
            if (found) {
                return ColorProfile.of(data.toByteArray());
            }
            at++;
        }
        return Optional.empty();
    }
}
