package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Walks a file's outer structure before a reader sees it. Finds what the EXIF block says, which no reader applies, and stops
 * files that would cost a reader unbounded memory or time, or that a reader would complete silently.
 *
 * @param maxWidth the widest of the pictures inside, where they may differ from what the file's own header says; else 0
 * @param lossless what is still to be walked through, once the size is known to be accepted
 */
record Container(Exif exif, long maxWidth, long maxHeight, List<LosslessWebp> lossless) {
    /** What a megabyte of an editor's metadata takes, in pieces of 255 bytes. */
    private static final long MAX_GIF_COPYING = 2_000_000_000;

    private static final Container PLAIN = new Container(Exif.NONE, 0, 0, List.of());

    /** @throws DamagedImageException if a part reaches beyond the end, or the file is built to exhaust its reader */
    static Container walk(ImageFormat format, byte[] bytes) {
        return switch (format) {
            case JPEG -> JpegWalk.of(bytes).container();
            case PNG -> png(bytes);
            case WEBP -> webp(bytes);
            case TIFF -> TiffBounds.of(bytes);
            case BMP -> PLAIN;
            case GIF -> gif(bytes);
            case RAW, HEIC, AVIF, JXL -> throw new IllegalArgumentException("no reader of ours knows " + format);
        };
    }

    private static Container png(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        Exif exif = Exif.NONE;
        int at = 8;
        while (at + 12L <= bytes.length) {
            long end = at + 12L + Integer.toUnsignedLong(file.getInt(at));
            if (end > bytes.length) {
                break;
            }
            if (isAt(bytes, at + 4, "IEND")) {
                return new Container(exif, 0, 0, List.of());
            }
            if (isAt(bytes, at + 4, "eXIf")) {
                exif = Exif.of(bytes, at + 8, (int) end - 4);
            }
            at = (int) end;
        }
        throw new DamagedImageException("damaged PNG: cut off in the part that begins at byte " + at);
    }

    private static Container webp(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long announced = 8 + Integer.toUnsignedLong(file.getInt(4));
        if (announced > bytes.length) {
            throw new DamagedImageException("damaged WEBP: cut off, %d of %d bytes".formatted(bytes.length, announced));
        }
        WebpParts parts = new WebpParts();
        webpChunks(bytes, 12, (int) announced, parts, 0, 0);
        return new Container(parts.exif, parts.width, parts.height, parts.lossless);
    }

    /** What is found in a WebP, its frames included. */
    private static final class WebpParts {
        private Exif exif = Exif.NONE;
        private long width;
        private long height;
        private final List<LosslessWebp> lossless = new ArrayList<>();
    }

    /** @param width that a picture here has to have, 0 before one is announced */
    private static void webpChunks(byte[] bytes, int start, int stop, WebpParts parts, int width, int height) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int canvasWidth = width;
        int canvasHeight = height;
        int at = start;
        while (at + 8 <= stop) {
            int data = at + 8;
            long end = data + Integer.toUnsignedLong(file.getInt(at + 4));
            if (end > stop) {
                throw new DamagedImageException("damaged WEBP: the part at byte " + at + " reaches beyond its parent");
            }
            String name = new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
            switch (name) {
                case "VP8X" -> {
                    if (canvasWidth == 0) {
                        canvasWidth = int24(file, data + 4) + 1;
                        canvasHeight = int24(file, data + 7) + 1;
                    }
                }
                case "VP8 " -> {
                    parts.width = Math.max(parts.width, file.getShort(data + 6) & 0x3FFF);
                    parts.height = Math.max(parts.height, file.getShort(data + 8) & 0x3FFF);
                }
                case "VP8L" -> {
                    int sides = file.getInt(data + 1);
                    int ownWidth = (sides & 0x3FFF) + 1;
                    int ownHeight = (sides >> 14 & 0x3FFF) + 1;
                    parts.width = Math.max(parts.width, ownWidth);
                    parts.height = Math.max(parts.height, ownHeight);
                    if (canvasWidth != 0 && (canvasWidth != ownWidth || canvasHeight != ownHeight)) {
                        throw new DamagedImageException("damaged WEBP: a picture of %dx%d pixels in a frame of %dx%d"
                                .formatted(ownWidth, ownHeight, canvasWidth, canvasHeight));
                    }
                    parts.lossless.add(new LosslessWebp(data + 5, ownWidth, ownHeight));
                }
                case "ALPH" -> {
                    if ((bytes[data] & 3) == 1) {
                        parts.lossless.add(new LosslessWebp(data + 1, canvasWidth, canvasHeight));
                    }
                }
                case "ANMF" -> {
                    if (start != 12) {
                        throw new DamagedImageException("damaged WEBP: a frame within a frame");
                    }
                    int frameWidth = int24(file, data + 6) + 1;
                    int frameHeight = int24(file, data + 9) + 1;
                    webpChunks(bytes, data + 16, (int) end, parts, frameWidth, frameHeight);
                }
                case "EXIF" -> parts.exif = Exif.of(bytes, isAt(bytes, data, "Exif\0\0") ? data + 6 : data, (int) end);
                default -> {}
            }
            at = (int) Math.min(stop, end + (end & 1));
        }
    }

    private static int int24(ByteBuffer file, int at) {
        return (file.getShort(at) & 0xFFFF) | (file.get(at + 2) & 0xFF) << 16;
    }

    /** The reader of older JDKs copies what it has of a text for each of its pieces, of which there may be millions. */
    private static Container gif(byte[] bytes) {
        long copied = 0;
        int at = 13 + (isSet(bytes, 10, 0x80) ? 3 << ((bytes[10] & 7) + 1) : 0);
        while (at + 2 < bytes.length && bytes[at] == 0x21) {
            // The first piece of what applications add is a name, which is not part of their text.
            at += (bytes[at + 1] & 0xFF) == 0xFF ? 3 + (bytes[at + 2] & 0xFF) : 2;
            int text = 0;
            while (at < bytes.length && bytes[at] != 0) {
                int piece = bytes[at] & 0xFF;
                text += piece;
                copied += text;
                at += 1 + piece;
            }
            at++;
            if (copied > MAX_GIF_COPYING) {
                throw new DamagedImageException("damaged GIF: its texts are in too many pieces");
            }
        }
        return PLAIN;
    }

    private static boolean isSet(byte[] bytes, int at, int bit) {
        return at < bytes.length && (bytes[at] & bit) != 0;
    }

    static boolean isAt(byte[] bytes, int offset, String ascii) {
        if (offset + ascii.length() > bytes.length) {
            return false;
        }
        for (int i = 0; i < ascii.length(); i++) {
            if (bytes[offset + i] != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
