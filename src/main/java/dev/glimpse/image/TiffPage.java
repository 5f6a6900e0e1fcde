package dev.glimpse.image;

import dev.glimpse.image.TiffFile.Directory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Chooses the page of a TIFF that is the picture, and leaves its reader nothing but that. */
final class TiffPage {
    /** What a reader needs to know. All else may be wrong, or claim more than there is. */
    private static final Set<Integer> NEEDED = Set.of(
            256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 318, 319, 320, 321, 322, 323,
            324, 325, 332, 333, 334, 336, 338, 339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529,
            530, 531, 532, 34675);

    private static final Set<Long> KNOWN_COMPRESSIONS = Set.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 32771L, 32773L, 32946L);

    private static final Map<Long, String> COMPRESSIONS = Map.ofEntries(
            Map.entry(9L, "JBIG"),
            Map.entry(10L, "JBIG"),
            Map.entry(22610L, "JPEG XR"),
            Map.entry(32766L, "NeXT"),
            Map.entry(32809L, "ThunderScan"),
            Map.entry(32908L, "Pixar"),
            Map.entry(32909L, "Pixar"),
            Map.entry(32947L, "DCS"),
            Map.entry(33003L, "JPEG 2000"),
            Map.entry(33004L, "JPEG 2000"),
            Map.entry(33005L, "JPEG 2000"),
            Map.entry(34661L, "JBIG"),
            Map.entry(34676L, "SGI LogLuv"),
            Map.entry(34677L, "SGI LogLuv"),
            Map.entry(34712L, "JPEG 2000"),
            Map.entry(34715L, "JBIG2"),
            Map.entry(34887L, "LERC"),
            Map.entry(34892L, "lossy JPEG of DNG"),
            Map.entry(34925L, "LZMA"),
            Map.entry(34926L, "ZSTD"),
            Map.entry(34927L, "WebP"),
            Map.entry(34934L, "JPEG XR"),
            Map.entry(50000L, "ZSTD"),
            Map.entry(50001L, "WebP"),
            Map.entry(50002L, "JPEG XL"),
            Map.entry(52546L, "JPEG XL"));

    /** Of those that a reader may meet, what the numbers of its pixels are not. */
    private static final Map<Long, String> COLORS =
            Map.of(9L, "ICC L*a*b*", 10L, "ITU L*a*b*", 32844L, "CIE Log L", 32845L, "CIE Log Luv");

    private TiffPage() {}

    /**
     * The first page, or the picture that it is a smaller copy of: the next full page, else the largest of the directories inside.
     */
    static Directory picture(TiffFile file) {
        Directory first = file.pages().get(0);
        if (!first.isReduced()) {
            return first;
        }
        return Stream.concat(
                        file.pages().stream()
                                .filter(page -> isFull(page, first))
                                .limit(1),
                        file.inner().stream()
                                .filter(page -> isFull(page, first))
                                .sorted(Comparator.comparingLong(Directory::pixels)
                                        .reversed()))
                .findFirst()
                .orElse(first);
    }

    private static boolean isFull(Directory page, Directory reduced) {
        return !page.isReduced() && page.pixels() >= Math.max(1, reduced.pixels());
    }

    /** @throws UnsupportedImageException if the reader does not know how this page is packed, or what its colours are */
    static void requireReadable(Directory page) {
        long compression = page.value(TiffFile.COMPRESSION, 1);
        if (!KNOWN_COMPRESSIONS.contains(compression)) {
            String name = COMPRESSIONS.getOrDefault(compression, "compression " + compression);
            throw UnsupportedImageException.of("TIFF with " + name + " inside; LZW, Deflate and JPEG can be read");
        }
        String colors = COLORS.get(page.value(TiffFile.PHOTOMETRIC, 0));
        if (colors != null) {
            throw UnsupportedImageException.of("TIFF in colours of " + colors + "; RGB and CMYK can be read");
        }
    }

    /**
     * A copy that has this page alone, and of it only what is needed to read it.
     *
     * @throws DamagedImageException if something that is needed is not there
     */
    static byte[] alone(byte[] bytes, Directory page) {
        int[] tags = page.entries().keySet().stream()
                .filter(tag -> NEEDED.contains(tag) && isRight(bytes, page, tag))
                .mapToInt(tag -> tag)
                .sorted()
                .toArray();
        int start = bytes.length + (bytes.length & 1);
        byte[] copy = Arrays.copyOf(bytes, Math.addExact(start, 2 + tags.length * TiffFile.ENTRY_BYTES + 4));
        hideInnerProfiles(copy);
        ByteBuffer file = TiffFile.order(ByteBuffer.wrap(copy));
        file.putShort(2, (short) 42);
        file.putInt(4, start);
        file.position(start);
        file.putShort((short) tags.length);
        for (int tag : tags) {
            file.put(bytes, page.entries().getOrDefault(tag, 0), TiffFile.ENTRY_BYTES);
            if (tag == TiffFile.COMPRESSION && OldStyleJpeg.isMisnamed(bytes, page)) {
                file.putShort(file.position() - 4, (short) 7);
            }
        }
        return copy;
    }

    /** Those of the JPEGs inside: only the profile of the TIFF counts. A reader would take memory for what they claim to be. */
    private static void hideInnerProfiles(byte[] copy) {
        for (int at = 0; at + 16 <= copy.length; at++) {
            if (copy[at] == (byte) 0xFF
                    && copy[at + 1] == (byte) 0xE2
                    && Container.isAt(copy, at + 4, JpegWalk.PROFILE)) {
                copy[at + 4] = 'X';
            }
        }
    }

    private static boolean isRight(byte[] bytes, Directory page, int tag) {
        int entry = page.entries().getOrDefault(tag, 0);
        if (tag == TiffFile.PROFILE) {
            return isProfile(bytes, page, entry);
        }
        if (!page.isWithinFile(entry)) {
            throw new DamagedImageException("damaged TIFF: cut off, or tag %d is wrong".formatted(tag));
        }
        return true;
    }

    private static boolean isProfile(byte[] bytes, Directory page, int entry) {
        long size = page.size(entry);
        if (size <= 4 || size > ColorProfile.MOST_BYTES || !page.isWithinFile(entry)) {
            return false;
        }
        int start = page.file().getInt(entry + 8);
        return ColorProfile.of(Arrays.copyOfRange(bytes, start, start + (int) size))
                .isPresent();
    }

    /** How the picture was held: what its page says, or else the first one. */
    static Orientation orientation(TiffFile file, Directory page) {
        return Orientation.of(
                (int) page.value(TiffFile.ORIENTATION, file.pages().get(0).value(TiffFile.ORIENTATION, 1)));
    }
}
