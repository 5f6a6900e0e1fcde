package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Walks the one directory that is left of a TIFF for its reader, see {@link TiffPage}: the reader takes memory for all that it points to.
 */
final class TiffWalk {
    private static final int COMPRESSION_TAG = 0x0103;
    private static final int ORIENTATION_TAG = 0x0112;
    private static final int SAMPLES_TAG = 0x0115;
    private static final int TILE_WIDTH_TAG = 0x0142;
    private static final int TILE_HEIGHT_TAG = 0x0143;

    /** What memory is taken for: sides and samples of pictures and tiles. */
    private static final Set<Integer> SIZE_TAGS =
            Set.of(0x0100, 0x0101, 0x0102, SAMPLES_TAG, 0x0116, TILE_WIDTH_TAG, TILE_HEIGHT_TAG);

    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;

    /** By the type's number. The last three are of BigTIFF, and the reader knows them in any TIFF. */
    private static final int[] TYPE_BYTES = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8};

    /**
     * The most samples of a pixel. Cameras for science have dozens. The reader takes memory for as many as the file says, before it
     * does anything else.
     */
    private static final int MOST_SAMPLES = 1_000;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final Set<Long> seen = new HashSet<>();

    /** Two values of 20 MB each may share the same bytes; a thousand of them are an attack on the reader's memory. */
    private long budget;

    private int orientation = 1;
    private boolean jpegInside;
    private long tileWidth;
    private long tileHeight;

    private TiffWalk(byte[] bytes) {
        this.bytes = bytes;
        this.file = order(ByteBuffer.wrap(bytes));
        this.budget = 2L * bytes.length;
    }

    /** @throws DamagedImageException if a page is cut off, or the file is built to exhaust its reader */
    static Container walk(byte[] bytes) {
        TiffWalk walk = new TiffWalk(bytes);
        walk.pages();
        Container tiles = new Container(Orientation.of(walk.orientation), walk.tileWidth, walk.tileHeight, List.of());
        return walk.jpegInside ? jpegsInside(bytes, tiles) : tiles;
    }

    static ByteBuffer order(ByteBuffer block) {
        return block.order(block.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    private void pages() {
        long at = unsignedInt(4);
        // A chain that leads back to itself ends there, for the reader too.
        while (at != 0 && seen.add(at)) {
            if (at + 2 > bytes.length) {
                throw new DamagedImageException("damaged TIFF: cut off before its directory at byte " + at);
            }
            long end = at + 2 + unsignedShort((int) at) * 12L;
            if (end > bytes.length) {
                throw new DamagedImageException("damaged TIFF: cut off in its directory at byte " + at);
            }
            for (int entry = (int) at + 2; entry < end; entry += 12) {
                if (!isWithinFile(entry)) {
                    throw new DamagedImageException(
                            "damaged TIFF: cut off, or tag %d is wrong".formatted(unsignedShort(entry)));
                }
                take(entry);
                notePicture(entry, seen.size() == 1);
            }
            at = end + 4 <= bytes.length ? unsignedInt((int) end) : 0;
        }
    }

    private void take(int entry) {
        budget -= 12 + size(entry);
        if (budget < 0) {
            throw new DamagedImageException("damaged TIFF: its tags claim more than the file holds");
        }
    }

    private void notePicture(int entry, boolean firstPage) {
        int tag = unsignedShort(entry);
        if (firstPage && tag == ORIENTATION_TAG) {
            orientation = (int) value(entry);
        }
        int type = unsignedShort(entry + 2);
        if (SIZE_TAGS.contains(tag) && type != BYTE && type != SHORT && type != LONG) {
            // The reader takes any number, also one that is not here but elsewhere in the file.
            throw new DamagedImageException("damaged TIFF: tag %d has type %d".formatted(tag, type));
        }
        if (tag == SAMPLES_TAG && value(entry) > MOST_SAMPLES) {
            throw new DamagedImageException("damaged TIFF: %d samples for each pixel".formatted(value(entry)));
        }
        jpegInside |= tag == COMPRESSION_TAG && (value(entry) == 6 || value(entry) == 7);
        // A tile may be larger than its picture, and is read as a whole.
        tileWidth = tag == TILE_WIDTH_TAG ? Math.max(tileWidth, value(entry)) : tileWidth;
        tileHeight = tag == TILE_HEIGHT_TAG ? Math.max(tileHeight, value(entry)) : tileHeight;
    }

    private boolean isWithinFile(int entry) {
        long size = size(entry);
        return size <= 4 || unsignedInt(entry + 8) + size <= bytes.length;
    }

    private long size(int entry) {
        int type = unsignedShort(entry + 2);
        return unsignedInt(entry + 4) * (type < TYPE_BYTES.length ? TYPE_BYTES[type] : 1);
    }

    private long value(int entry) {
        return value(file, entry);
    }

    /** The number in an entry that has only one: whatever its type, it begins in the same place. */
    static long value(ByteBuffer file, int entry) {
        return switch (file.getShort(entry + 2)) {
            case BYTE -> file.get(entry + 8) & 0xFF;
            case SHORT -> file.getShort(entry + 8) & 0xFFFF;
            default -> Integer.toUnsignedLong(file.getInt(entry + 8));
        };
    }

    private int unsignedShort(int at) {
        return file.getShort(at) & 0xFFFF;
    }

    private long unsignedInt(int at) {
        return Integer.toUnsignedLong(file.getInt(at));
    }

    /** The strips of such a TIFF are JPEGs with sizes of their own, for which memory is taken whatever the TIFF says. */
    private static Container jpegsInside(byte[] bytes, Container tiles) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long width = tiles.maxWidth();
        long height = tiles.maxHeight();
        int scans = 0;
        for (int at = 0; at + 9 <= bytes.length; at++) {
            int marker = file.getShort(at) & 0xFFFF;
            // Any start of frame: 0xFFC0 to 0xFFCF, short, with 8 bits a sample.
            if ((marker & 0xFFF0) == 0xFFC0 && bytes[at + 2] == 0 && bytes[at + 3] <= 20 && bytes[at + 4] == 8) {
                height = Math.max(height, file.getShort(at + 5) & 0xFFFF);
                width = Math.max(width, file.getShort(at + 7) & 0xFFFF);
            }
            if (marker == 0xFFD8) {
                scans = 0;
            } else if (marker == 0xFFDA && ++scans > JpegWalk.MAX_SCANS) {
                throw new DamagedImageException(
                        "damaged TIFF: a JPEG inside has more than " + JpegWalk.MAX_SCANS + " scans");
            }
        }
        return new Container(tiles.orientation(), width, height, List.of());
    }
}
