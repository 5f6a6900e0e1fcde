package dev.glimpse.image;

import dev.glimpse.image.TiffFile.Directory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/** Bounds what the reader of a TIFF takes memory for: it trusts each number that it finds. */
final class TiffBounds {
    /** Sides and samples of pictures and tiles. */
    private static final Set<Integer> SIZES = Set.of(
            TiffFile.WIDTH,
            TiffFile.HEIGHT,
            TiffFile.BITS,
            TiffFile.SAMPLES,
            TiffFile.ROWS_PER_STRIP,
            TiffFile.TILE_WIDTH,
            TiffFile.TILE_HEIGHT);

    private static final Set<Long> JPEG_INSIDE = Set.of(6L, 7L);

    /**
     * The most samples of a pixel. Cameras for science have dozens. The reader takes memory for as many as the file says, before it
     * does anything else.
     */
    private static final int MOST_SAMPLES = 1_000;

    private TiffBounds() {}

    /**
     * Finds the largest picture inside.
     *
     * @param bytes a TIFF that {@link TiffPage#alone} has made
     * @throws DamagedImageException if it is built to exhaust its reader
     */
    static Container of(byte[] bytes) {
        Directory page = TiffFile.of(bytes).pages().get(0);
        requireModestTags(bytes, page);
        for (int tag : SIZES) {
            if (page.has(tag) && !page.isWhole(tag)) {
                // The reader takes any number, also one that is not here but elsewhere in the file.
                throw new DamagedImageException("damaged TIFF: tag %d is no whole number".formatted(tag));
            }
        }
        long samples = page.value(TiffFile.SAMPLES, 1);
        if (samples > MOST_SAMPLES) {
            throw new DamagedImageException("damaged TIFF: %d samples for each pixel".formatted(samples));
        }
        // A tile may be larger than its picture, and is read as a whole.
        long width = page.value(TiffFile.TILE_WIDTH, 0);
        long height = page.value(TiffFile.TILE_HEIGHT, 0);
        Exif exif = new Exif(Orientation.of((int) page.value(TiffFile.ORIENTATION, 1)), null);
        return JPEG_INSIDE.contains(page.value(TiffFile.COMPRESSION, 1))
                ? largestJpeg(bytes, exif, width, height)
                : new Container(exif, width, height, List.of());
    }

    /** Two values of 20 MB each may share the same bytes; a thousand of them are an attack on the reader's memory. */
    private static void requireModestTags(byte[] bytes, Directory page) {
        long budget = 2L * bytes.length;
        for (int entry : page.entries().values()) {
            budget -= TiffFile.ENTRY_BYTES + page.size(entry);
            if (budget < 0) {
                throw new DamagedImageException("damaged TIFF: its tags claim more than the file holds");
            }
        }
    }

    /** The strips of such a TIFF are JPEGs with sizes of their own, for which memory is taken whatever the TIFF says. */
    private static Container largestJpeg(byte[] bytes, Exif exif, long tileWidth, long tileHeight) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long width = tileWidth;
        long height = tileHeight;
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
        return new Container(exif, width, height, List.of());
    }
}
