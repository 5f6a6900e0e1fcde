package dev.glimpse.image.foreign;

import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.ImageFormat;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads the beginning of a JPEG XL (ISO/IEC 18181-1): size, and whether it is transparent. For one file. */
final class JxlHeader {
    /** Width by height; 0 stands for a width of its own. */
    private static final int[][] RATIOS = {{0, 0}, {1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}};

    private static final int ALPHA = 0;

    private final byte[] bytes;
    private long bit;

    /** @param start the byte at which the codestream begins */
    private JxlHeader(byte[] bytes, int start) {
        this.bytes = bytes;
        this.bit = 8L * start;
    }

    /** @throws DamagedImageException if the header is cut off, or there is none */
    static Header read(byte[] bytes) {
        JxlHeader header = new JxlHeader(bytes, start(bytes) + 2);
        long[] size = header.size();
        return new Header(size[0], size[1], ImageFormat.JXL, header.isTransparent(), List.of());
    }

    private static DamagedImageException damaged() {
        return new DamagedImageException("damaged JPEG XL: cut off in its header");
    }

    /** Bare, or in the first box of a container that has a piece of it. */
    private static int start(byte[] bytes) {
        if (bytes[0] == (byte) 0xFF) {
            return 0;
        }
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long at = 0;
        while (at + 16 <= bytes.length) {
            int start = (int) at;
            long size = Integer.toUnsignedLong(file.getInt(start));
            int head = 8;
            if (size == 1) {
                size = file.getLong(start + 8);
                head = 16;
            } else if (size == 0) {
                size = bytes.length - at;
            }
            String name = new String(bytes, start + 4, 4, StandardCharsets.ISO_8859_1);
            if (name.equals("jxlc")) {
                return start + head;
            }
            if (name.equals("jxlp")) {
                return start + head + 4;
            }
            if (size < head || size > bytes.length - at) {
                break;
            }
            at += size;
        }
        throw damaged();
    }

    private long[] size() {
        boolean small = bits(1) == 1;
        long height = small ? 8 * (bits(5) + 1) : side();
        int ratio = (int) bits(3);
        long width = ratio == 0 ? (small ? 8 * (bits(5) + 1) : side()) : height * RATIOS[ratio][0] / RATIOS[ratio][1];
        return new long[] {width, height};
    }

    private long side() {
        int[] lengths = {9, 13, 18, 30};
        return bits(lengths[(int) bits(2)]) + 1;
    }

    /** Only the first of the extra channels is looked at: alpha comes first wherever it is written. */
    private boolean isTransparent() {
        if (bits(1) == 1) {
            return false; // all as usual
        }
        if (bits(1) == 1) {
            bits(3); // orientation
            if (bits(1) == 1) {
                size();
            }
            if (bits(1) == 1) {
                preview();
            }
            if (bits(1) == 1) {
                animation();
            }
        }
        bitDepth();
        bits(1); // how its buffers may be kept
        if (choice(new int[] {0, 0, 4, 12}, 0, 1, 2, 1) == 0) {
            return false;
        }
        return bits(1) == 1 || choice(new int[] {0, 0, 4, 6}, 0, 1, 2, 18) == ALPHA;
    }

    private void preview() {
        boolean eights = bits(1) == 1;
        int[] lengths = eights ? new int[] {0, 0, 5, 9} : new int[] {6, 8, 10, 12};
        choice(lengths, 0, 0, 0, 0);
        if (bits(3) == 0) {
            choice(lengths, 0, 0, 0, 0);
        }
    }

    private void animation() {
        choice(new int[] {0, 0, 10, 30}, 0, 0, 0, 0);
        choice(new int[] {0, 0, 8, 10}, 0, 0, 0, 0);
        choice(new int[] {0, 3, 16, 32}, 0, 0, 0, 0);
        bits(1);
    }

    private void bitDepth() {
        boolean fractions = bits(1) == 1;
        choice(new int[] {0, 0, 0, 6}, 0, 0, 0, 0);
        if (fractions) {
            bits(4);
        }
    }

    /** Two bits say how many bits the number has, and what is added to it. */
    private long choice(int[] lengths, long... added) {
        int which = (int) bits(2);
        return bits(lengths[which]) + added[which];
    }

    /** From the lowest bit of each byte on. */
    private long bits(int count) {
        long value = 0;
        for (int i = 0; i < count; i++, bit++) {
            int at = (int) (bit >> 3);
            if (at >= bytes.length) {
                throw damaged();
            }
            value |= (bytes[at] >> (bit & 7) & 1L) << i;
        }
        return value;
    }
}
