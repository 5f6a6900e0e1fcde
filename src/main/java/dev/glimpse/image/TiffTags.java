package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a page of a TIFF says about its samples: for each tag of a whole number, its first value. What cannot be read is left out, so this
 * never throws.
 */
record TiffTags(Map<Integer, Long> values) {
    static final int PHOTOMETRIC = 262;
    static final int SAMPLE_FORMAT = 339;

    private static final int SHORT = 3;
    private static final int LONG = 4;

    /** @param page the first is 0 */
    static TiffTags of(byte[] bytes, int page) {
        Map<Integer, Long> values = new HashMap<>();
        try {
            ByteBuffer file = TiffWalk.order(ByteBuffer.wrap(bytes));
            Set<Integer> seen = new HashSet<>();
            int at = file.getInt(4);
            for (int skipped = 0; skipped < page && seen.add(at); skipped++) {
                at = file.getInt(at + 2 + unsignedShort(file, at) * 12);
            }
            int entries = unsignedShort(file, at);
            for (int entry = at + 2; entry < at + 2 + entries * 12; entry += 12) {
                int type = unsignedShort(file, entry + 2);
                int size = type == SHORT ? 2 : 4;
                if (type == SHORT || type == LONG) {
                    boolean inside = Integer.toUnsignedLong(file.getInt(entry + 4)) * size <= 4;
                    int value = inside ? entry + 8 : file.getInt(entry + 8);
                    values.put(
                            unsignedShort(file, entry),
                            type == SHORT ? unsignedShort(file, value) : Integer.toUnsignedLong(file.getInt(value)));
                }
            }
        } catch (IndexOutOfBoundsException e) {
            return new TiffTags(values);
        }
        return new TiffTags(values);
    }

    long value(int tag, long otherwise) {
        return values.getOrDefault(tag, otherwise);
    }

    private static int unsignedShort(ByteBuffer file, int at) {
        return file.getShort(at) & 0xFFFF;
    }
}
