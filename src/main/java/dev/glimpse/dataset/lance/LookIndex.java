package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Likeness;
import java.util.Arrays;
import java.util.function.IntBinaryOperator;

/**
 * Finds all pairs of looks that differ in at most {@link Likeness#MOST_LOOK_BITS} bits without comparing all pairs: multi-index hashing, see
 * Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing" (CVPR 2012). Looks are cut into four bands of 16
 * bits. Of two looks that differ in at most 11 bits, one band differs in at most two. So each look meets those that have, in some band, one
 * of the 137 values that are so near.
 *
 * <p>Of a million looks that are spread evenly, one meets 8,000 others; those of photographs are not, and meet more.
 */
final class LookIndex {
    private static final int BANDS = 4;
    private static final int BAND_BITS = 16;
    private static final int VALUES = 1 << BAND_BITS;
    private static final int NEAR_BITS = 2;

    /** Looks that one look is compared with in each band. It bounds the time if very many pictures look nearly the same. */
    private static final int MOST_MET = 1 << 16;

    private static final int[] NEAR = near();

    private final long[] looks;

    /** Where the looks of each value of each band begin in {@link #members}. */
    private final int[][] starts = new int[BANDS][VALUES + 1];

    /** Numbers of looks by their values in each band, the smaller number first. */
    private final int[][] members = new int[BANDS][];

    /** The looks of {@link #members}: side by side, because most time is spent on reading them. */
    private final long[][] ordered = new long[BANDS][];

    /** @param looks not copied */
    LookIndex(long[] looks) {
        if (Likeness.MOST_LOOK_BITS >= BANDS * (NEAR_BITS + 1)) {
            throw new IllegalStateException("bands miss looks that differ in " + Likeness.MOST_LOOK_BITS + " bits");
        }
        this.looks = looks;
        for (int band = 0; band < BANDS; band++) {
            int[] next = starts[band];
            for (long look : looks) {
                next[value(look, band) + 1]++;
            }
            for (int value = 0; value < VALUES; value++) {
                next[value + 1] += next[value];
            }
            int[] at = Arrays.copyOf(next, VALUES);
            members[band] = new int[looks.length];
            ordered[band] = new long[looks.length];
            for (int i = 0; i < looks.length; i++) {
                int place = at[value(looks[i], band)]++;
                members[band][place] = i;
                ordered[band][place] = looks[i];
            }
        }
    }

    private static int value(long look, int band) {
        return (int) (look >>> (band * BAND_BITS)) & (VALUES - 1);
    }

    private static int[] near() {
        int[] near = new int[1 + BAND_BITS + BAND_BITS * (BAND_BITS - 1) / 2];
        int count = 1;
        for (int i = 0; i < BAND_BITS; i++) {
            near[count++] = 1 << i;
            for (int j = 0; j < i; j++) {
                near[count++] = (1 << i) | (1 << j);
            }
        }
        return near;
    }

    /**
     * Hands over each pair once.
     *
     * @param pairs gets the number of a look and a smaller number; answers how many comparisons the first look has left. With 0 it is
     *     compared with no others
     */
    void pairs(IntBinaryOperator pairs) {
        for (int i = 0; i < looks.length; i++) {
            for (int band = 0; band < BANDS; band++) {
                if (!pairs(i, band, pairs)) {
                    break;
                }
            }
        }
    }

    private boolean pairs(int i, int band, IntBinaryOperator pairs) {
        int value = value(looks[i], band);
        int met = 0;
        for (int bits : NEAR) {
            int end = starts[band][(value ^ bits) + 1];
            for (int at = starts[band][value ^ bits]; at < end; at++) {
                int other = members[band][at];
                if (other >= i) {
                    break;
                }
                if (++met > MOST_MET) {
                    return true;
                }
                long differing = looks[i] ^ ordered[band][at];
                if (Long.bitCount(differing) <= Likeness.MOST_LOOK_BITS
                        && isFirst(differing, band)
                        && pairs.applyAsInt(i, other) == 0) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether no band before this one has met the pair. */
    private static boolean isFirst(long differing, int band) {
        for (int before = 0; before < band; before++) {
            if (Integer.bitCount(value(differing, before)) <= NEAR_BITS) {
                return false;
            }
        }
        return true;
    }
}
