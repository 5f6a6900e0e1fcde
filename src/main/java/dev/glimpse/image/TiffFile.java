package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The directories of a TIFF, or of a camera raw that is built like one. Each describes a picture: those of the pages, one after the other,
 * and those inside a page, which show it in other sizes. Reads no more of them than a file of many pages has.
 *
 * @param pages at least one
 * @param inner of all pages
 */
record TiffFile(List<Directory> pages, List<Directory> inner) {
    static final int NEW_SUBFILE_TYPE = 254;
    static final int SUBFILE_TYPE = 255;
    static final int WIDTH = 256;
    static final int HEIGHT = 257;
    static final int BITS = 258;
    static final int COMPRESSION = 259;
    static final int PHOTOMETRIC = 262;
    static final int MAKE = 271;
    static final int STRIP_OFFSETS = 273;
    static final int ORIENTATION = 274;
    static final int SAMPLES = 277;
    static final int ROWS_PER_STRIP = 278;
    static final int STRIP_LENGTHS = 279;
    static final int TILE_WIDTH = 322;
    static final int TILE_HEIGHT = 323;
    static final int SUB_DIRECTORIES = 330;
    static final int SAMPLE_FORMAT = 339;
    static final int JPEG_START = 513;
    static final int JPEG_LENGTH = 514;
    static final int JPEG_TABLES = 519;
    static final int PROFILE = 34675;
    static final int EXIF = 34665;
    static final int TAKEN = 36867;
    static final int TAKEN_OFFSET = 36881;
    static final int TAKEN_FRACTION = 37521;
    static final int DNG_VERSION = 50706;

    static final int ENTRY_BYTES = 12;

    /** Of each page; a raw has about four. */
    private static final int MOST_INNER = 32;

    private static final int MOST_DIRECTORIES = 1_000;
    private static final int MOST_ENTRIES = 200_000;
    private static final int MOST_VALUES = 65_536;

    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int UNDEFINED = 7;
    private static final int SIGNED_SHORT = 8;
    private static final int SIGNED_LONG = 9;
    private static final int DIRECTORY = 13;

    /** By the type's number. The last three are of BigTIFF, and readers know them in any TIFF. */
    private static final int[] TYPE_BYTES = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8};

    /**
     * One directory.
     *
     * @param entries where the entry of each tag is; of a tag that is there twice, the first
     */
    record Directory(ByteBuffer file, Map<Integer, Integer> entries) {
        /** What of a directory is within the file. */
        static Directory at(ByteBuffer file, int start) {
            long end = start + 2 + (long) unsignedShort(file, start) * ENTRY_BYTES;
            Map<Integer, Integer> tags = new HashMap<>();
            for (int entry = start + 2; entry + ENTRY_BYTES <= Math.min(end, file.capacity()); entry += ENTRY_BYTES) {
                tags.putIfAbsent(unsignedShort(file, entry), entry);
            }
            return new Directory(file, tags);
        }

        boolean has(int tag) {
            return entries.containsKey(tag);
        }

        /** The first number of a tag; empty if there is none. What has a sign is read without it: no number here is negative. */
        OptionalLong value(int tag) {
            Integer entry = entries.get(tag);
            if (entry == null || !isWithinFile(entry) || count(entry) == 0) {
                return OptionalLong.empty();
            }
            return number(entry, 0);
        }

        private OptionalLong number(int entry, int index) {
            int at = size(entry) <= 4 ? entry + 8 : file.getInt(entry + 8);
            return switch (unsignedShort(file, entry + 2)) {
                case BYTE, UNDEFINED -> OptionalLong.of(file.get(at + index) & 0xFF);
                case SHORT, SIGNED_SHORT -> OptionalLong.of(unsignedShort(file, at + 2 * index));
                case LONG, SIGNED_LONG, DIRECTORY -> OptionalLong.of(unsignedInt(file, at + 4 * index));
                default -> OptionalLong.empty();
            };
        }

        /** Whether the value of a tag that is there is one or more whole numbers that cannot be negative. */
        boolean isWhole(int tag) {
            Integer entry = entries.get(tag);
            int type = entry == null ? 0 : unsignedShort(file, entry + 2);
            return type == BYTE || type == SHORT || type == LONG;
        }

        /** All numbers of a tag, or the first thousands of them; none if it is not there. */
        long[] values(int tag) {
            Integer entry = entries.get(tag);
            if (entry == null || !isWithinFile(entry)) {
                return new long[0];
            }
            return IntStream.range(0, (int) Math.min(MOST_VALUES, count(entry)))
                    .mapToLong(index -> number(entry, index).orElse(0))
                    .toArray();
        }

        long value(int tag, long otherwise) {
            return value(tag).orElse(otherwise);
        }

        /** The text of a tag, or what of it is within the file and the first hundred letters. */
        String text(int tag) {
            Integer entry = entries.get(tag);
            if (entry == null || !isWithinFile(entry)) {
                return "";
            }
            int size = (int) Math.min(100, size(entry));
            byte[] letters = new byte[size];
            file.get(size <= 4 ? entry + 8 : file.getInt(entry + 8), letters);
            return new String(letters, StandardCharsets.ISO_8859_1);
        }

        /** How many values a tag has. */
        long count(int entry) {
            return unsignedInt(file, entry + 4);
        }

        boolean isWithinFile(int entry) {
            long size = size(entry);
            return size <= 4 || unsignedInt(file, entry + 8) + size <= file.capacity();
        }

        long size(int entry) {
            int type = unsignedShort(file, entry + 2);
            return count(entry) * (type < TYPE_BYTES.length ? TYPE_BYTES[type] : 1);
        }

        long pixels() {
            long width = value(WIDTH, 0);
            long height = value(HEIGHT, 0);
            return width > 0xFFFFFF || height > 0xFFFFFF ? Long.MAX_VALUE : width * height;
        }

        /** Whether it is a smaller copy of another picture, or a mask for one. */
        boolean isReduced() {
            long type = value(NEW_SUBFILE_TYPE, value(SUBFILE_TYPE, 1) == 2 ? 1 : 0);
            return (type & 5) != 0;
        }
    }

    /** @throws DamagedImageException if it is cut off before the end of a page's directory */
    static TiffFile of(byte[] bytes) {
        return new Reading(bytes).read();
    }

    /** Sets the order of a file's bytes, which its first one tells. */
    static ByteBuffer order(ByteBuffer file) {
        return file.order(file.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    static int unsignedShort(ByteBuffer file, int at) {
        return file.getShort(at) & 0xFFFF;
    }

    static long unsignedInt(ByteBuffer file, int at) {
        return Integer.toUnsignedLong(file.getInt(at));
    }

    private static final class Reading {
        private final ByteBuffer file;
        private final Set<Long> seen = new HashSet<>();
        private final List<Directory> pages = new ArrayList<>();
        private final List<Directory> inner = new ArrayList<>();
        private int entries;

        Reading(byte[] bytes) {
            this.file = order(ByteBuffer.wrap(bytes));
        }

        TiffFile read() {
            if (file.capacity() < 8) {
                throw new DamagedImageException("damaged TIFF: cut off in its header");
            }
            long at = unsignedInt(file, 4);
            // A chain that leads back to itself ends there, for readers too.
            while ((at != 0 || pages.isEmpty()) && pages.size() < MOST_DIRECTORIES && seen.add(at)) {
                if (at + 2 > file.capacity()) {
                    throw new DamagedImageException("damaged TIFF: cut off before its directory at byte " + at);
                }
                long end = at + 2 + (long) unsignedShort(file, (int) at) * ENTRY_BYTES;
                if (end > file.capacity()) {
                    throw new DamagedImageException("damaged TIFF: cut off in its directory at byte " + at);
                }
                if (entries > MOST_ENTRIES) {
                    break;
                }
                pages.add(directory(at));
                at = end + 4 <= file.capacity() ? unsignedInt(file, (int) end) : 0;
            }
            pages.forEach(this::addInner);
            return new TiffFile(pages, inner);
        }

        /** What is wrong in these is no reason to refuse the picture: they are left out. */
        private void addInner(Directory page) {
            Integer entry = page.entries.get(SUB_DIRECTORIES);
            if (entry == null || !page.isWithinFile(entry)) {
                return;
            }
            int type = unsignedShort(file, entry + 2);
            long count = page.count(entry);
            if (type != LONG && type != DIRECTORY) {
                return;
            }
            int start = count == 1 ? entry + 8 : file.getInt(entry + 8);
            for (int i = 0; i < Math.min(count, MOST_INNER); i++) {
                long at = unsignedInt(file, start + 4 * i);
                if (at + 2 > file.capacity()
                        || entries > MOST_ENTRIES
                        || pages.size() + inner.size() >= MOST_DIRECTORIES
                        || !seen.add(at)) {
                    continue;
                }
                long end = at + 2 + (long) unsignedShort(file, (int) at) * ENTRY_BYTES;
                if (end <= file.capacity()) {
                    inner.add(directory(at));
                }
            }
        }

        private Directory directory(long at) {
            Directory found = Directory.at(file, (int) at);
            entries += found.entries.size();
            return found;
        }
    }
}
