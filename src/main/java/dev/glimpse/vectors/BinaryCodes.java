package dev.glimpse.vectors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

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

    /** Rows of which a scan copies 512 dimensions onto the heap at once: 16 KB, which fit into the first-level cache. */
    private static final int COPIED_ROWS = 256;

    /** The scan is unrolled for this many words, which is 512 dimensions. Zeros fill a code up to a multiple of it. */
    private static final int UNROLLED_WORDS = 8;

    private static final int BYTE_VALUES = 256;
    private static final long SEED = 2024;

    private final float[] common;
    private final float[] direction;
    private final float[] signs;
    private final int power;
    private final int words;

    /** @param common a vector in the common direction, of any length; all zeros mean that there is no common direction */
    BinaryCodes(float[] common) {
        int dimension = common.length;
        this.common = common.clone();
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

    /** What it was made with. A copy. */
    float[] common() {
        return common.clone();
    }

    private static int words(int dimension) {
        int group = UNROLLED_WORDS * Long.SIZE;
        return (dimension + group - 1) / group * UNROLLED_WORDS;
    }

    /**
     * The codes of rows 0 to n - 1, in memory of a file or on the heap: the first 512 bits of all rows, then the next 512, and so on. One thread
     * writes; several threads may read. Who reads a row while it is written may get a mixture of both codes.
     */
    static final class Rows {
        private final LongBuffer codes;
        private final FloatBuffer shares;
        private final FloatBuffer scales;
        private final int rows;

        /** The codes; null if they are not on the heap. */
        private final long @Nullable [] array;

        /** @param memory of {@link #bytesPerRow} for each row, zeros or what such rows have written; native byte order */
        Rows(ByteBuffer memory, int rows, int dimension) {
            this.rows = rows;
            int codeBytes = rows * words(dimension) * Long.BYTES;
            int numberBytes = rows * Float.BYTES;
            codes = part(memory, 0, codeBytes).asLongBuffer();
            shares = part(memory, codeBytes, numberBytes).asFloatBuffer();
            scales = part(memory, codeBytes + numberBytes, numberBytes).asFloatBuffer();
            array = null;
        }

        private Rows(int rows, int dimension) {
            this.rows = rows;
            array = new long[rows * words(dimension)];
            codes = LongBuffer.wrap(array);
            shares = FloatBuffer.allocate(rows);
            scales = FloatBuffer.allocate(rows);
        }

        /** Rows on the heap. A scan of them takes some hundredths less time than one of a file. */
        static Rows onHeap(int rows, int dimension) {
            return new Rows(rows, dimension);
        }

        /** The same rows on the heap. */
        Rows copyOnHeap(int dimension) {
            Rows copy = onHeap(rows, dimension);
            copy.codes.put(0, codes, 0, codes.capacity());
            copy.shares.put(0, shares, 0, rows);
            copy.scales.put(0, scales, 0, rows);
            return copy;
        }

        /** Where a word of the code of a row is, and the seven after it, if its number is a multiple of 8. */
        private int at(int row, int word) {
            return word * rows + row * UNROLLED_WORDS;
        }

        private void put(int row, long[] code) {
            for (int word = 0; word < code.length; word += UNROLLED_WORDS) {
                codes.put(at(row, word), code, word, UNROLLED_WORDS);
            }
        }

        private void get(int row, long[] code) {
            for (int word = 0; word < code.length; word += UNROLLED_WORDS) {
                if (array != null) {
                    System.arraycopy(array, at(row, word), code, word, UNROLLED_WORDS);
                } else {
                    codes.get(at(row, word), code, word, UNROLLED_WORDS);
                }
            }
        }

        private static ByteBuffer part(ByteBuffer memory, int start, int bytes) {
            return memory.slice(start, bytes).order(ByteOrder.nativeOrder());
        }

        /** What a row takes: its code, its share and its scale. */
        static int bytesPerRow(int dimension) {
            return words(dimension) * Long.BYTES + 2 * Float.BYTES;
        }
    }

    /** Stores the code of the vector as this row. Only the writing thread may call it. */
    void encode(float[] vector, Rows rows, int row) {
        float[] rest = vector.clone();
        rows.shares.put(row, split(rest));
        float absolute = 0;
        for (float value : rest) {
            absolute += Math.abs(value);
        }
        rows.scales.put(row, absolute == 0 ? 0 : dot(rest, 0, rest) / absolute);
        rows.put(row, code(rest));
    }

    /** Copies the code of a row. Only the thread that writes the copy may call it. */
    void copy(Rows from, int row, Rows to, int as) {
        to.put(as, bits(from, row));
        to.shares.put(as, from.shares.get(row));
        to.scales.put(as, from.scales.get(row));
    }

    /** Copies the bits of the code of this row. */
    long[] bits(Rows rows, int row) {
        long[] bits = new long[words];
        rows.get(row, bits);
        return bits;
    }

    /** Memory of a scan, to be used again for the next. */
    static long[] newBlock() {
        return new long[COPIED_ROWS * UNROLLED_WORDS];
    }

    /**
     * Writes the Hamming distances of {@code count} rows to these bits, beginning with row {@code first}, into the array.
     *
     * @param block from {@link #newBlock}, overwritten. Codes that are not on the heap are copied there first, because the loop takes less time
     *     for arrays than for buffers
     */
    void distances(long[] code, Rows rows, int first, int count, int[] distances, long[] block) {
        for (int done = 0; done < count; done += COPIED_ROWS) {
            int some = Math.min(COPIED_ROWS, count - done);
            for (int word = 0; word < words; word += UNROLLED_WORDS) {
                int at = rows.at(first + done, word);
                int kept = word == 0 ? 0 : -1;
                if (rows.array != null) {
                    addDistances(code, word, rows.array, at, some, distances, done, kept);
                } else {
                    rows.codes.get(at, block, 0, some * UNROLLED_WORDS);
                    addDistances(code, word, block, 0, some, distances, done, kept);
                }
            }
        }
    }

    /** @param kept bits of the earlier values of the array that are kept */
    private static void addDistances(
            long[] code, int word, long[] codes, int start, int count, int[] distances, int from, int kept) {
        long c0 = code[word];
        long c1 = code[word + 1];
        long c2 = code[word + 2];
        long c3 = code[word + 3];
        long c4 = code[word + 4];
        long c5 = code[word + 5];
        long c6 = code[word + 6];
        long c7 = code[word + 7];
        for (int i = 0; i < count; i++) {
            int at = start + i * UNROLLED_WORDS;
            int differ = Long.bitCount(codes[at] ^ c0)
                    + Long.bitCount(codes[at + 1] ^ c1)
                    + Long.bitCount(codes[at + 2] ^ c2)
                    + Long.bitCount(codes[at + 3] ^ c3)
                    + Long.bitCount(codes[at + 4] ^ c4)
                    + Long.bitCount(codes[at + 5] ^ c5)
                    + Long.bitCount(codes[at + 6] ^ c6)
                    + Long.bitCount(codes[at + 7] ^ c7);
            distances[from + i] = (distances[from + i] & kept) + differ;
        }
    }

    /** Prepares a query, once for all rows. */
    Query query(float[] vector) {
        return new Query(vector);
    }

    /** A prepared query. For one thread at a time. */
    final class Query {
        private final long[] code;
        private final long[] block = newBlock();

        /** The code of the row that is looked at. */
        private final long[] bits = new long[words];

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
            BinaryCodes.this.distances(code, rows, first, count, distances, block);
        }

        /** The Hamming distance of one row. */
        int distance(Rows rows, int row) {
            rows.get(row, bits);
            int differ = 0;
            for (int i = 0; i < words; i++) {
                differ += Long.bitCount(bits[i] ^ code[i]);
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
            int word = 0;
            rows.get(row, bits);
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
            float sum = s0 + s1 + (s2 + s3);
            return share * rows.shares.get(row) + rows.scales.get(row) * sum;
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
