package dev.glimpse.vectors;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Quantizes vectors to one bit per dimension (RaBitQ; Gao and Long, SIGMOD 2024). A search compares the codes of all rows and reads
 * the full vectors of the best rows only.
 *
 * <p>Embeddings lie in a narrow cone, and the cones of pictures and of texts differ. So the code leaves out the direction that all
 * vectors have in common, and stores the vector's share of it as a number. It rotates the rest, so that no dimension is much larger
 * than the others, and keeps the sign of each value.
 *
 * <p>In symbols: {@code u} is the common direction, {@code r = R(x - (x·u)u)} is the rotated rest of a vector {@code x}, and
 * {@code sign(r)} is its code. A query {@code q} with the rotated rest {@code q'} has two distances to a code:
 *
 * <ul>
 *   <li>the Hamming distance, which counts the bits that differ. It is cheap enough for all rows.
 *   <li>an unbiased estimate of the cosine, {@code (q·u)(x·u) + Σ q'ⱼ sign(rⱼ) · |r|² / Σ|rⱼ|}. It uses the query in full precision.
 * </ul>
 *
 * <p>The rotation {@code R} multiplies by random signs and applies a Walsh-Hadamard transform, which takes {@code d log d} steps for
 * {@code d} dimensions. The seed is fixed, so the same common direction always gives the same codes. Immutable. Safe for use by
 * several threads.
 */
final class BinaryCodes {
    /** Rows of one step of a scan. Their distances fit into the first-level cache. */
    static final int BLOCK_ROWS = 1024;

    /** The scan is unrolled for this many words, which is 512 dimensions. Zeros fill a code up to a multiple of it. */
    private static final int UNROLLED_WORDS = 8;

    private static final int BYTE_VALUES = 256;
    private static final long SEED = 2024;

    private final float[] direction;
    private final float[] signs;
    private final int power;
    private final int words;

    /** @param common a vector in the common direction, of any length; all zeros mean that there is no common direction */
    BinaryCodes(float[] common) {
        int dimension = common.length;
        direction = common.clone();
        double norm = Math.sqrt(dot(common, 0, common));
        for (int i = 0; i < dimension; i++) {
            direction[i] = norm == 0 ? 0 : (float) (common[i] / norm);
        }
        SplittableRandom random = new SplittableRandom(SEED);
        signs = new float[dimension];
        power = Integer.highestOneBit(dimension);
        for (int i = 0; i < dimension; i++) {
            signs[i] = random.nextBoolean() ? 1 : -1;
        }
        words = words(dimension);
    }

    private static int words(int dimension) {
        int group = UNROLLED_WORDS * Long.SIZE;
        return (dimension + group - 1) / group * UNROLLED_WORDS;
    }

    /** The codes of rows 0 to n - 1. One thread writes; several threads may read. */
    static final class Rows {
        private final long[] codes;
        private final float[] shares;
        private final float[] scales;

        Rows(int rows, int dimension) {
            codes = new long[rows * words(dimension)];
            shares = new float[rows];
            scales = new float[rows];
        }

        /** What a row takes: its code, its share and its scale. */
        static int bytesPerRow(int dimension) {
            return words(dimension) * Long.BYTES + 2 * Float.BYTES;
        }
    }

    /** Stores the code of the vector as this row. Only the writing thread may call it. */
    void encode(float[] vector, Rows rows, int row) {
        float[] rest = vector.clone();
        rows.shares[row] = split(rest);
        float absolute = 0;
        for (float value : rest) {
            absolute += Math.abs(value);
        }
        rows.scales[row] = absolute == 0 ? 0 : dot(rest, 0, rest) / absolute;
        System.arraycopy(code(rest), 0, rows.codes, row * words, words);
    }

    /** Copies the code of a row. Only the thread that writes the copy may call it. */
    void copy(Rows from, int row, Rows to, int as) {
        System.arraycopy(from.codes, row * words, to.codes, as * words, words);
        to.shares[as] = from.shares[row];
        to.scales[as] = from.scales[row];
    }

    /** Copies the bits of the code of this row. */
    long[] bits(Rows rows, int row) {
        return Arrays.copyOfRange(rows.codes, row * words, (row + 1) * words);
    }

    /** Writes the Hamming distances of {@code count} rows to these bits, beginning with row {@code first}, into the array. */
    void distances(long[] code, Rows rows, int first, int count, int[] distances) {
        long[] codes = rows.codes;
        for (int group = 0; group < words; group += UNROLLED_WORDS) {
            long c0 = code[group];
            long c1 = code[group + 1];
            long c2 = code[group + 2];
            long c3 = code[group + 3];
            long c4 = code[group + 4];
            long c5 = code[group + 5];
            long c6 = code[group + 6];
            long c7 = code[group + 7];
            for (int i = 0; i < count; i++) {
                int at = (first + i) * words + group;
                int differ = Long.bitCount(codes[at] ^ c0)
                        + Long.bitCount(codes[at + 1] ^ c1)
                        + Long.bitCount(codes[at + 2] ^ c2)
                        + Long.bitCount(codes[at + 3] ^ c3)
                        + Long.bitCount(codes[at + 4] ^ c4)
                        + Long.bitCount(codes[at + 5] ^ c5)
                        + Long.bitCount(codes[at + 6] ^ c6)
                        + Long.bitCount(codes[at + 7] ^ c7);
                distances[i] = group == 0 ? differ : distances[i] + differ;
            }
        }
    }

    /** Prepares a query, once for all rows. */
    Query query(float[] vector) {
        return new Query(vector);
    }

    /** A prepared query. Immutable. */
    final class Query {
        private final long[] code;
        private final float share;

        /** What eight signs add to the dot product, for each byte of a code and each of its 256 values. */
        private final float[] sums;

        private Query(float[] vector) {
            float[] rest = vector.clone();
            share = split(rest);
            code = code(rest);
            float[] padded = Arrays.copyOf(rest, words * Long.SIZE);
            sums = new float[(rest.length + 7) / 8 * BYTE_VALUES];
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

        /** Writes the Hamming distances of {@code count} rows, beginning with row {@code first}, into the array. */
        void distances(Rows rows, int first, int count, int[] distances) {
            BinaryCodes.this.distances(code, rows, first, count, distances);
        }

        /** The Hamming distance of one row. */
        int distance(Rows rows, int row) {
            int differ = 0;
            for (int i = 0, at = row * words; i < words; i++, at++) {
                differ += Long.bitCount(rows.codes[at] ^ code[i]);
            }
            return differ;
        }

        /**
         * Estimates the cosine. In theory its standard error is at most about 0.03 for 512 dimensions; it is smaller if row and query
         * are near the common direction.
         */
        float cosine(Rows rows, int row) {
            // Four partial sums, because an addition would otherwise wait for the one before it.
            float s0 = 0;
            float s1 = 0;
            float s2 = 0;
            float s3 = 0;
            int at = 0;
            int word = row * words;
            for (; at <= sums.length - Long.BYTES * BYTE_VALUES; at += Long.BYTES * BYTE_VALUES) {
                long bits = rows.codes[word++];
                s0 += sums[at + (int) (bits & 255)];
                s1 += sums[at + BYTE_VALUES + (int) (bits >>> 8 & 255)];
                s2 += sums[at + 2 * BYTE_VALUES + (int) (bits >>> 16 & 255)];
                s3 += sums[at + 3 * BYTE_VALUES + (int) (bits >>> 24 & 255)];
                s0 += sums[at + 4 * BYTE_VALUES + (int) (bits >>> 32 & 255)];
                s1 += sums[at + 5 * BYTE_VALUES + (int) (bits >>> 40 & 255)];
                s2 += sums[at + 6 * BYTE_VALUES + (int) (bits >>> 48 & 255)];
                s3 += sums[at + 7 * BYTE_VALUES + (int) (bits >>> 56)];
            }
            for (long bits = at < sums.length ? rows.codes[word] : 0;
                    at < sums.length;
                    at += BYTE_VALUES, bits >>>= 8) {
                s0 += sums[at + (int) (bits & 255)];
            }
            float sum = s0 + s1 + (s2 + s3);
            return share * rows.shares[row] + rows.scales[row] * sum;
        }
    }

    /**
     * The dot product of {@code b} and the values of {@code a} from index {@code at} on. The same arguments always give the same bits.
     * Eight partial sums, because an addition would otherwise wait for the one before it.
     */
    static float dot(float[] a, int at, float[] b) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int i = 0;
        for (; i <= b.length - 8; i += 8) {
            s0 += a[at + i] * b[i];
            s1 += a[at + i + 1] * b[i + 1];
            s2 += a[at + i + 2] * b[i + 2];
            s3 += a[at + i + 3] * b[i + 3];
            s4 += a[at + i + 4] * b[i + 4];
            s5 += a[at + i + 5] * b[i + 5];
            s6 += a[at + i + 6] * b[i + 6];
            s7 += a[at + i + 7] * b[i + 7];
        }
        for (; i < b.length; i++) {
            s0 += a[at + i] * b[i];
        }
        return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
    }

    /** Replaces the vector by its rotated rest, and returns its share of the common direction. */
    private float split(float[] vector) {
        float share = dot(vector, 0, direction);
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (vector[i] - share * direction[i]) * signs[i];
        }
        hadamard(vector, 0);
        if (power < vector.length) {
            // The dimension is no power of two: transform the last values too, which transforms those in the middle
            // twice.
            hadamard(vector, vector.length - power);
        }
        return share;
    }

    /** Transforms {@code power} values, beginning at this index, by the fast Walsh-Hadamard transform. Keeps their norm. */
    private void hadamard(float[] values, int from) {
        for (int half = 1; half < power; half *= 2) {
            for (int start = from; start < from + power; start += 2 * half) {
                for (int i = start; i < start + half; i++) {
                    float left = values[i];
                    float right = values[i + half];
                    values[i] = left + right;
                    values[i + half] = left - right;
                }
            }
        }
        float scale = (float) (1 / Math.sqrt(power));
        for (int i = from; i < from + power; i++) {
            values[i] *= scale;
        }
    }

    private long[] code(float[] values) {
        long[] code = new long[words];
        for (int i = 0; i < values.length; i++) {
            if (values[i] > 0) {
                code[i / Long.SIZE] |= 1L << i;
            }
        }
        return code;
    }
}
