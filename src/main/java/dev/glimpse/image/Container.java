package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Walks a file's outer structure before a reader sees it. Finds the EXIF orientation, which no reader applies, and stops
 * files that would cost a reader unbounded memory or time, or that a reader would complete silently.
 *
 * @param maxWidth the widest of the pictures inside, where they may differ from what the file's own header says; else 0
 */
record Container(Orientation orientation, long maxWidth, long maxHeight) {
    /** A progressive JPEG has about ten. Each costs a pass over all pixels, however few bytes it has. */
    private static final int MAX_JPEG_SCANS = 100;

    private static final int COMPRESSION_TAG = 0x0103;
    private static final int ORIENTATION_TAG = 0x0112;
    private static final int TILE_WIDTH_TAG = 0x0142;
    private static final int TILE_HEIGHT_TAG = 0x0143;
    private static final int[] TIFF_TYPE_BYTES = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

    private static final Container PLAIN = new Container(Orientation.UPRIGHT, 0, 0);

    /** @throws DamagedImageException if a part reaches beyond the end, or the file is built to exhaust its reader */
    static Container walk(ImageFormat format, byte[] bytes) {
        return switch (format) {
            case JPEG -> jpeg(bytes);
            case PNG -> png(bytes);
            case WEBP -> webp(bytes);
            case TIFF -> tiff(bytes);
            case BMP -> bmp(bytes);
            case GIF -> PLAIN;
        };
    }

    private static Container jpeg(byte[] bytes) {
        Orientation orientation = Orientation.UPRIGHT;
        int scans = 0;
        int at = 2;
        while (at + 2 <= bytes.length) {
            int marker = bytes[at + 1] & 0xFF;
            if (bytes[at] != (byte) 0xFF || marker <= 1 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD8)) {
                at++; // compressed data, padding, or a marker that nothing belongs to
                continue;
            }
            if (marker == 0xD9) {
                return new Container(orientation, 0, 0);
            }
            if (at + 4 > bytes.length) {
                break;
            }
            int length = (bytes[at + 2] & 0xFF) << 8 | (bytes[at + 3] & 0xFF);
            if (marker == 0xDA && ++scans > MAX_JPEG_SCANS) {
                throw new DamagedImageException("damaged JPEG: more than " + MAX_JPEG_SCANS + " scans");
            }
            if (marker == 0xE1 && isAt(bytes, at + 4, "Exif\0\0") && orientation == Orientation.UPRIGHT) {
                orientation = exif(bytes, at + 10, Math.min(bytes.length, at + 2 + length));
            }
            at += 2 + length;
        }
        // Cut between two scans, a reader fills the rest with grey and does not even warn.
        throw new DamagedImageException("damaged JPEG: cut off, there is no end marker");
    }

    private static Container png(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        Orientation orientation = Orientation.UPRIGHT;
        int at = 8;
        while (at + 12L <= bytes.length) {
            long end = at + 12L + Integer.toUnsignedLong(file.getInt(at));
            if (end > bytes.length) {
                break;
            }
            if (isAt(bytes, at + 4, "IEND")) {
                return new Container(orientation, 0, 0);
            }
            if (isAt(bytes, at + 4, "eXIf")) {
                orientation = exif(bytes, at + 8, (int) end - 4);
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
        return webpChunks(bytes, 12, (int) announced);
    }

    private static Container webpChunks(byte[] bytes, int start, int stop) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Orientation orientation = Orientation.UPRIGHT;
        long width = 0;
        long height = 0;
        int at = start;
        while (at + 8 <= stop) {
            int data = at + 8;
            long end = data + Integer.toUnsignedLong(file.getInt(at + 4));
            if (end > stop) {
                throw new DamagedImageException("damaged WEBP: the part at byte " + at + " reaches beyond its parent");
            }
            String name = new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
            switch (name) {
                case "VP8 " -> {
                    width = Math.max(width, file.getShort(data + 6) & 0x3FFF);
                    height = Math.max(height, file.getShort(data + 8) & 0x3FFF);
                }
                case "VP8L" -> {
                    int sides = file.getInt(data + 1);
                    width = Math.max(width, (sides & 0x3FFF) + 1);
                    height = Math.max(height, (sides >> 14 & 0x3FFF) + 1);
                }
                case "ANMF" -> {
                    if (start != 12) {
                        throw new DamagedImageException("damaged WEBP: a frame within a frame");
                    }
                    Container frame = webpChunks(bytes, data + 16, (int) end);
                    width = Math.max(width, frame.maxWidth);
                    height = Math.max(height, frame.maxHeight);
                }
                case "EXIF" -> orientation = exif(bytes, isAt(bytes, data, "Exif\0\0") ? data + 6 : data, (int) end);
                default -> {}
            }
            at = (int) Math.min(stop, end + (end & 1));
        }
        return new Container(orientation, width, height);
    }

    private static Container tiff(byte[] bytes) {
        ByteBuffer file = tiffOrder(ByteBuffer.wrap(bytes));
        // Two values of 20 MB each may share the same bytes; a thousand of them are an attack on the reader's memory.
        long budget = 2L * bytes.length;
        long at = Integer.toUnsignedLong(file.getInt(4));
        int orientation = 1;
        boolean jpegInside = false;
        long tileWidth = 0;
        long tileHeight = 0;
        for (int page = 0; at != 0 && budget >= 0; page++) {
            if (at + 2 > bytes.length) {
                throw new DamagedImageException("damaged TIFF: cut off before its directory at byte " + at);
            }
            int entries = file.getShort((int) at) & 0xFFFF;
            long end = at + 2 + entries * 12L;
            if (end > bytes.length) {
                throw new DamagedImageException("damaged TIFF: cut off in its directory at byte " + at);
            }
            for (int entry = (int) at + 2; entry < end; entry += 12) {
                int type = file.getShort(entry + 2) & 0xFFFF;
                int unit = type < TIFF_TYPE_BYTES.length ? TIFF_TYPE_BYTES[type] : 1;
                long size = unit * Integer.toUnsignedLong(file.getInt(entry + 4));
                if (size > 4 && Integer.toUnsignedLong(file.getInt(entry + 8)) + size > bytes.length) {
                    throw new DamagedImageException(
                            "damaged TIFF: cut off, or tag %d is wrong".formatted(file.getShort(entry) & 0xFFFF));
                }
                budget -= size;
                int tag = file.getShort(entry) & 0xFFFF;
                int value = file.getShort(entry + 8) & 0xFFFF;
                if (page == 0 && tag == ORIENTATION_TAG) {
                    orientation = value;
                }
                jpegInside |= tag == COMPRESSION_TAG && (value == 6 || value == 7);
                // A tile may be larger than its picture, and is read as a whole.
                long side = type == 3 ? value : Integer.toUnsignedLong(file.getInt(entry + 8));
                tileWidth = tag == TILE_WIDTH_TAG ? Math.max(tileWidth, side) : tileWidth;
                tileHeight = tag == TILE_HEIGHT_TAG ? Math.max(tileHeight, side) : tileHeight;
            }
            // Also ends a chain of directories that leads back to itself.
            budget -= 2 + entries * 12L;
            at = end + 4 <= bytes.length ? Integer.toUnsignedLong(file.getInt((int) end)) : 0;
        }
        if (budget < 0) {
            throw new DamagedImageException("damaged TIFF: its tags claim more than the file holds");
        }
        Container tiles = new Container(Orientation.of(orientation), tileWidth, tileHeight);
        return jpegInside ? jpegsInside(bytes, tiles) : tiles;
    }

    /** The strips of such a TIFF are JPEGs with sizes of their own, for which memory is taken whatever the TIFF says. */
    private static Container jpegsInside(byte[] bytes, Container tiles) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long width = tiles.maxWidth;
        long height = tiles.maxHeight;
        for (int at = 0; at + 9 <= bytes.length; at++) {
            int marker = file.getShort(at) & 0xFFFF;
            // Any start of frame: 0xFFC0 to 0xFFCF, short, with 8 bits a sample.
            if ((marker & 0xFFF0) == 0xFFC0 && bytes[at + 2] == 0 && bytes[at + 3] <= 20 && bytes[at + 4] == 8) {
                height = Math.max(height, file.getShort(at + 5) & 0xFFFF);
                width = Math.max(width, file.getShort(at + 7) & 0xFFFF);
            }
        }
        return new Container(tiles.orientation, width, height);
    }

    private static Container bmp(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int compression = bytes.length >= 34 && file.getInt(14) >= 40 ? file.getInt(30) : 0;
        if (compression == 4 || compression == 5) {
            // Meant for printers. The picture inside would be decoded whatever its own size is.
            throw new DamagedImageException("damaged BMP: another picture inside instead of pixels");
        }
        return PLAIN;
    }

    /** Broken EXIF data is no reason to refuse a picture: it is then taken as upright. */
    private static Orientation exif(byte[] bytes, int start, int end) {
        try {
            ByteBuffer block =
                    tiffOrder(ByteBuffer.wrap(bytes, start, end - start).slice());
            int directory = block.getInt(4);
            int entries = block.getShort(directory) & 0xFFFF;
            for (int i = 0; i < entries; i++) {
                int entry = directory + 2 + i * 12;
                if ((block.getShort(entry) & 0xFFFF) == ORIENTATION_TAG) {
                    return Orientation.of(block.getShort(entry + 8));
                }
            }
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return Orientation.UPRIGHT;
        }
        return Orientation.UPRIGHT;
    }

    private static ByteBuffer tiffOrder(ByteBuffer block) {
        return block.order(block.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    private static boolean isAt(byte[] bytes, int offset, String ascii) {
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
