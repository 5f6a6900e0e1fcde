package dev.glimpse.image;

import dev.glimpse.image.TiffFile.Directory;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * The JPEG inside a TIFF of the old style (compression 6). The TIFF around it adds nothing to the picture and is often wrong, so a JPEG that
 * is whole is read alone. The reader of TIFFs knows those that are there only as tables.
 */
final class OldStyleJpeg {
    private static final int COMPRESSION = 6;
    private static final int GRAY = 1;
    private static final int COLORS = 6;

    private OldStyleJpeg() {}

    /**
     * Empty if the page is packed in another way, or its JPEG is not of its size.
     *
     * @throws DamagedImageException if its strips claim more than the file holds
     */
    static Optional<byte[]> of(byte[] bytes, Directory page) {
        long colors = page.value(TiffFile.PHOTOMETRIC, COLORS);
        if (page.value(TiffFile.COMPRESSION, 1) != COMPRESSION || (colors != COLORS && colors != GRAY)) {
            return Optional.empty();
        }
        long start = page.value(TiffFile.JPEG_START, page.value(TiffFile.STRIP_OFFSETS, -1));
        return EmbeddedJpegs.at(bytes, start)
                .filter(found -> found.width() == page.value(TiffFile.WIDTH, 0)
                        && found.height() == page.value(TiffFile.HEIGHT, 0))
                .map(found -> hasScanElsewhere(page, start)
                        ? joined(bytes, page, start)
                        : Arrays.copyOfRange(bytes, found.start(), bytes.length));
    }

    /** Whether there is no more than the beginning of the JPEG, and the strips have its scan. */
    private static boolean hasScanElsewhere(Directory page, long start) {
        long strip = page.value(TiffFile.STRIP_OFFSETS, start);
        long end = start + page.value(TiffFile.JPEG_LENGTH, Integer.MAX_VALUE);
        return page.has(TiffFile.JPEG_START) && (strip < start || strip >= end);
    }

    private static byte[] joined(byte[] bytes, Directory page, long start) {
        long[] offsets = page.values(TiffFile.STRIP_OFFSETS);
        long[] lengths = page.values(TiffFile.STRIP_LENGTHS);
        long left = bytes.length;
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        jpeg.writeBytes(part(bytes, start, page.value(TiffFile.JPEG_LENGTH, 0)));
        for (int i = 0; i < Math.min(offsets.length, lengths.length); i++) {
            left -= lengths[i];
            if (left < 0) {
                throw new DamagedImageException("damaged TIFF: its strips claim more than the file holds");
            }
            jpeg.writeBytes(part(bytes, offsets[i], lengths[i]));
        }
        return jpeg.toByteArray();
    }

    private static byte[] part(byte[] bytes, long start, long length) {
        if (start + length > bytes.length) {
            throw new DamagedImageException("damaged TIFF: cut off in a strip");
        }
        return Arrays.copyOfRange(bytes, (int) start, (int) (start + length));
    }

    /** Whether its strips are JPEGs of the new style, each of which can be read alone, but are said to be of the old style. */
    static boolean isMisnamed(byte[] bytes, Directory page) {
        return page.value(TiffFile.COMPRESSION, 1) == COMPRESSION
                && !page.has(TiffFile.JPEG_START)
                && !page.has(TiffFile.JPEG_TABLES)
                && EmbeddedJpegs.at(bytes, page.value(TiffFile.STRIP_OFFSETS, -1))
                        .isPresent();
    }
}
