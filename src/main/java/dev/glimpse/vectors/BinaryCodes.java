package dev.glimpse.vectors;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One bit per dimension for each vector, to find those worth reading. Embeddings lie in a narrow cone, pictures and words
 * in different ones, so the direction they have in common is taken out and its share kept as a number; what is left is
 * rotated, which evens out dimensions of unlike size, and of each value the sign is kept.
 *
 * <p>With {@code u} the common direction and {@code r = R(x - (x·u)u)} the rotated rest, {@code sign(r)} is the code. Two
 * distances come of it. Hamming: the number of signs in which row and query differ, cheap enough for all rows. And an
 * unbiased estimate of the cosine that knows the query in full, {@code (q·u)(x·u) + Σ q'ⱼ sign(rⱼ) · |r|² / Σ|rⱼ|}: that is
 * RaBitQ's (Gao and Long, SIGMOD 2024). The rotation is random signs, then a Walsh-Hadamard transform, in d log d steps.
 * Always the same for the same direction. Immutable, so any number of threads may use it.
 */
final class BinaryCodes {
    /** Of what is scanned at once: the distances stay in the first cache. */
    static final int BLOCK_ROWS = 1024;

    /** The scan is written out for this many, 512 dimensions; a code is filled up with zeros to a multiple. */
    private static final int UNROLLED_WORDS = 8;

    private static final int BYTE_VALUES = 256;
    private static final long SEED = 2024;

    private final float[] direction;
    private final float[] signs;
    private final int power;
    private final int words;

    /** @param common has the common direction, and any length, also 0 */
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

    /** Codes of rows that are numbered from 0: 72 bytes a row of 512 dimensions. One thread writes. */
    static final class Rows {
        private final long[] codes;
        private final float[] shares;
        private final float[] scales;

        Rows(int rows, int dimension) {
            codes = new long[rows * words(dimension)];
            shares = new float[rows];
            scales = new float[rows];
        }
    }

    void encode(float[] vector, Rows rows, int row) {
        float[] rest = vector.clone();
        rows.shares[row] = takeOut(rest);
        float absolute = 0;
        for (float value : rest) {
            absolute += Math.abs(value);
        }
        rows.scales[row] = absolute == 0 ? 0 : dot(rest, 0, rest) / absolute;
        System.arraycopy(code(rest), 0, rows.codes, row * words, words);
    }

    Query query(float[] vector) {
        return new Query(vector);
    }

    /** A vector that is searched for. */
    final class Query {
        private final long[] code;
        private final float share;

        /** For each byte of a code and each of its values: what those eight signs add to the dot product. */
        private final float[] sums;

        private Query(float[] vector) {
            float[] rest = vector.clone();
            share = takeOut(rest);
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

        /** Puts the Hamming distances of {@code count} rows from this one on, 0 to the dimension, into the array. */
        void distances(Rows rows, int first, int count, int[] distances) {
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

        /** The cosine, estimated: for 512 dimensions with a standard error of at most about 0.03 (by theory), less where both are near the direction. */
        float cosine(Rows rows, int row) {
            float sum = 0;
            for (int at = 0, word = row * words; at < sums.length; word++) {
                long bits = rows.codes[word];
                for (int i = 0; i < Long.BYTES && at < sums.length; i++, at += BYTE_VALUES, bits >>>= 8) {
                    sum += sums[at + (int) (bits & 255)];
                }
            }
            return share * rows.shares[row] + rows.scales[row] * sum;
        }
    }

    /** Sums in eight strands, so that no addition waits for the one before; deterministic. */
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

    /** Leaves the rotated rest in the array; what it returns is the share of the common direction. */
    private float takeOut(float[] vector) {
        float share = dot(vector, 0, direction);
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (vector[i] - share * direction[i]) * signs[i];
        }
        hadamard(vector, 0);
        if (power < vector.length) {
            // Not a power of two: the last dimensions, and those in the middle once more.
            hadamard(vector, vector.length - power);
        }
        return share;
    }

    /** The fast Walsh-Hadamard transform of {@code power} values from this one on; keeps lengths. */
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
