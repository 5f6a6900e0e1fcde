package dev.glimpse.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Lossless WebPs for tests, put together bit by bit: Java writes none. */
final class TestWebp {
    static final int PREDICTOR = 0;
    static final int COLOR = 1;
    static final int SUBTRACT_GREEN = 2;
    static final int PALETTE = 3;

    private TestWebp() {}

    /** A lossless WebP of one colour, whose transforms do nothing. */
    static byte[] of(int width, int height, int... transforms) {
        Bits bits = new Bits();
        for (int transform : transforms) {
            bits.add(1, 1);
            bits.add(transform, 2);
            if (transform == PALETTE) {
                bits.add(255, 8);
            } else if (transform != SUBTRACT_GREEN) {
                bits.add(0, 3);
            }
            if (transform != SUBTRACT_GREEN) {
                bits.add(0, 1); // no colour cache
                fiveCodesOfOneSymbol(bits);
            }
        }
        bits.add(0, 3); // no more transforms, no colour cache, one group of codes
        fiveCodesOfOneSymbol(bits);
        return losslessWebp(width, height, bits);
    }

    /** A picture of one block, which says that it uses the last of so many groups of codes. */
    static byte[] ofCodes(int groups) {
        Bits bits = new Bits();
        bits.add(0, 2); // no transforms, no colour cache
        bits.add(1, 1); // several groups of codes:
        bits.add(2, 3); // each block of 16 pixels a side says which it uses
        bits.add(0, 1);
        for (int part : new int[] {(groups - 1) & 0xFF, (groups - 1) >> 8}) {
            bits.add(0b101, 3); // simple, of one symbol of eight bits
            bits.add(part, 8);
        }
        for (int code = 2; code < 5; code++) {
            bits.add(1, 4);
        }
        for (int group = 0; group < groups; group++) {
            fiveCodesOfOneSymbol(bits);
        }
        return losslessWebp(9, 7, bits);
    }

    /** Two greens in no order: each pixel takes a bit. */
    static byte[] noise(int width, int height) {
        Bits bits = new Bits();
        bits.add(0, 3);
        bits.add(0b0011, 4); // simple, of two symbols: 0 and 200
        bits.add(200, 8);
        for (int code = 1; code < 5; code++) {
            bits.add(1, 4);
        }
        Random random = new Random(1);
        for (int pixel = 0; pixel < width * height; pixel++) {
            bits.add(random.nextInt(2), 1);
        }
        return losslessWebp(width, height, bits);
    }

    private static byte[] losslessWebp(int width, int height, Bits bits) {
        byte[] data = bits.bytes();
        int padding = (data.length + 5) % 2;
        return ByteBuffer.allocate(25 + data.length + padding)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(17 + data.length + padding)
                .put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII))
                .putInt(5 + data.length)
                .put((byte) 0x2F)
                .putInt((width - 1) | (height - 1) << 14)
                .put(data)
                .array();
    }

    private static void fiveCodesOfOneSymbol(Bits bits) {
        for (int code = 0; code < 5; code++) {
            bits.add(1, 4); // simple, of one symbol of one bit, 0
        }
    }

    /** The lowest bit of a byte first. */
    private static final class Bits {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int last;
        private int used;

        void add(int value, int count) {
            for (int i = 0; i < count; i++) {
                last |= (value >> i & 1) << used;
                if (++used == 8) {
                    bytes.write(last);
                    last = 0;
                    used = 0;
                }
            }
        }

        byte[] bytes() {
            add(0, 64); // readers take eight bytes at once
            return bytes.toByteArray();
        }
    }
}
