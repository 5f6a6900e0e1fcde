package dev.glimpse.vectors;

import java.util.Arrays;

/**
 * What the values of a query's rotated rest come to if each gets one of two signs: {@code Σ ±q'ⱼ}. It adds eight values in one step, from a table for
 * each byte of signs and each of its 256 values: 64 kB for 512 dimensions. Immutable.
 */
final class SignSums {
    private static final int BYTE_VALUES = 256;

    private final float share;
    private final float[] sums;

    SignSums(SplitVector query) {
        share = query.share();
        float[] rest = query.rest();
        int bytes = (rest.length + 7) / 8;
        float[] padded = Arrays.copyOf(rest, bytes * 8);
        sums = new float[bytes * BYTE_VALUES];
        for (int at = 0; at < sums.length; at += BYTE_VALUES) {
            int dimension = at / BYTE_VALUES * 8;
            for (int i = 0; i < 8; i++) {
                sums[at] -= padded[dimension + i];
            }
            for (int bits = 1; bits < BYTE_VALUES; bits++) {
                int withoutLowest = bits & (bits - 1);
                sums[at + bits] =
                        sums[at + withoutLowest] + 2 * padded[dimension + Integer.numberOfTrailingZeros(bits)];
            }
        }
    }

    /** The query's share of the common direction. */
    float share() {
        return share;
    }

    /**
     * Adds all values: those whose bits are 1 as they are, the others with the opposite sign.
     *
     * @param bits one for each value, from the lowest bit of this word on
     */
    float of(long[] bits, int word) {
        // Four partial sums, because an addition would otherwise wait for the one before it.
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int at = 0;
        for (; at <= sums.length - Long.BYTES * BYTE_VALUES; at += Long.BYTES * BYTE_VALUES) {
            long eight = bits[word++];
            s0 += sums[at + (int) (eight & 255)];
            s1 += sums[at + BYTE_VALUES + (int) (eight >>> 8 & 255)];
            s2 += sums[at + 2 * BYTE_VALUES + (int) (eight >>> 16 & 255)];
            s3 += sums[at + 3 * BYTE_VALUES + (int) (eight >>> 24 & 255)];
            s0 += sums[at + 4 * BYTE_VALUES + (int) (eight >>> 32 & 255)];
            s1 += sums[at + 5 * BYTE_VALUES + (int) (eight >>> 40 & 255)];
            s2 += sums[at + 6 * BYTE_VALUES + (int) (eight >>> 48 & 255)];
            s3 += sums[at + 7 * BYTE_VALUES + (int) (eight >>> 56)];
        }
        for (long eight = at < sums.length ? bits[word] : 0; at < sums.length; at += BYTE_VALUES, eight >>>= 8) {
            s0 += sums[at + (int) (eight & 255)];
        }
        return s0 + s1 + (s2 + s3);
    }
}
