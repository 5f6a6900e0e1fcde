package dev.glimpse.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Takes a picture's file apart into what its format is made of, and puts parts together so that lengths and checksums are
 * right again: a reader gets to see what was changed, and not only that something was.
 */
final class PictureParts {
    private PictureParts() {}

    /** The first part begins the file. Of formats without parts of this kind, BMP, TIFF and raws, there is only that one. */
    static List<byte[]> of(byte[] file) {
        List<byte[]> parts = new ArrayList<>();
        try {
            switch (ImageFormat.sniff(file).orElseThrow()) {
                case PNG -> chunks(parts, file, 8, ByteOrder.BIG_ENDIAN, 4, 0, 4, 0);
                case WEBP -> chunks(parts, file, 12, ByteOrder.LITTLE_ENDIAN, 0, 4, 0, 1);
                case JPEG -> segments(parts, file);
                case GIF -> blocks(parts, file);
                case BMP, TIFF, RAW, HEIC, AVIF, JXL -> parts.add(file);
            }
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            // It has been changed before, and no longer has such parts.
            parts.clear();
            parts.add(file);
        }
        return parts;
    }

    /** A file of these, also when they are no longer the parts of a picture. */
    static byte[] join(ImageFormat format, List<byte[]> parts) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(parts.get(0));
        for (byte[] part : parts.subList(1, parts.size())) {
            switch (format) {
                case PNG -> {
                    CRC32 checksum = new CRC32();
                    checksum.update(part);
                    file.writeBytes(
                            ByteBuffer.allocate(4).putInt(part.length - 4).array());
                    file.writeBytes(part);
                    file.writeBytes(ByteBuffer.allocate(4)
                            .putInt((int) checksum.getValue())
                            .array());
                }
                case WEBP -> {
                    file.writeBytes(Arrays.copyOf(part, Math.min(4, part.length)));
                    file.writeBytes(ByteBuffer.allocate(4)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(part.length - 4)
                            .array());
                    file.writeBytes(Arrays.copyOfRange(part, Math.min(4, part.length), part.length + part.length % 2));
                }
                default -> file.writeBytes(part);
            }
        }
        byte[] bytes = file.toByteArray();
        if (format == ImageFormat.WEBP && bytes.length >= 8) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, bytes.length - 8);
        }
        return bytes;
    }

    /** Makes the length of a JPEG's segment right. */
    static byte[] measured(byte[] segment) {
        if (segment.length >= 4 && segment.length < 65_538 && segment[0] == (byte) 0xFF && segment[1] != (byte) 0xDA) {
            byte[] right = segment.clone();
            ByteBuffer.wrap(right).putShort(2, (short) (segment.length - 2));
            return right;
        }
        return segment;
    }

    /**
     * Each part is the chunk's name and its data.
     *
     * @param name where the name is in a chunk
     * @param length where the length of the data is
     * @param checksum bytes that follow the data
     * @param padding 1 if chunks begin at even places
     */
    private static void chunks(
            List<byte[]> parts,
            byte[] file,
            int start,
            ByteOrder order,
            int name,
            int length,
            int checksum,
            int padding) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(order);
        parts.add(Arrays.copyOf(file, start));
        int at = start;
        while (at + 8 <= file.length) {
            int size = bytes.getInt(at + length);
            if (size < 0 || size > file.length) {
                throw new IllegalArgumentException("a chunk reaches beyond the end");
            }
            byte[] part = new byte[4 + size];
            System.arraycopy(file, at + name, part, 0, 4);
            System.arraycopy(file, at + 8, part, 4, size);
            parts.add(part);
            at += 8 + size + checksum + (size & padding);
        }
    }

    /** From one marker to the next; compressed data belongs to the marker before it. */
    private static void segments(List<byte[]> parts, byte[] file) {
        parts.add(Arrays.copyOf(file, 2));
        int at = 2;
        while (at < file.length) {
            int marker = file[at + 1] & 0xFF;
            boolean alone = marker == 0xD9 || (marker >= 0xD0 && marker <= 0xD8);
            int end = alone ? at + 2 : at + 2 + ((file[at + 2] & 0xFF) << 8 | (file[at + 3] & 0xFF));
            while (marker == 0xDA && end + 1 < file.length && !isMarker(file, end)) {
                end++;
            }
            end = end + 1 == file.length ? file.length : end;
            if (end > file.length) {
                throw new IllegalArgumentException("a segment reaches beyond the end");
            }
            parts.add(Arrays.copyOfRange(file, at, end));
            at = end;
        }
    }

    private static boolean isMarker(byte[] file, int at) {
        int next = file[at + 1] & 0xFF;
        return file[at] == (byte) 0xFF && next != 0 && (next < 0xD0 || next > 0xD7);
    }

    /** Extensions, and pictures with their palettes. */
    private static void blocks(List<byte[]> parts, byte[] file) {
        int at = 13 + palette(file[10]);
        parts.add(Arrays.copyOf(file, at));
        while (at < file.length) {
            int end = switch (file[at]) {
                case 0x21 -> endOfPieces(file, at + 2);
                case 0x2C -> endOfPieces(file, at + 11 + palette(file[at + 9]));
                default -> at + 1;
            };
            parts.add(Arrays.copyOfRange(file, at, end));
            at = end;
        }
    }

    private static int palette(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    private static int endOfPieces(byte[] file, int start) {
        int at = start;
        while (file[at] != 0) {
            at += 1 + (file[at] & 0xFF);
        }
        return at + 1;
    }

    static String nameOf(byte[] part) {
        return new String(part, 0, Math.min(4, part.length), StandardCharsets.ISO_8859_1);
    }
}
