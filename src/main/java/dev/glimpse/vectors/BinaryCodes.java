package dev.glimpse.vectors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Quantizes vectors to one bit per dimension (RaBitQ; Gao and Long, SIGMOD 2024). A search compares the codes of all rows, and goes on with the
 * nearest.
 *
 * <p>The code of a vector has the sign of each value of its {@linkplain Rotation rotated rest}, and beside it the vector's share of the common
 * direction, as a number.
 *
 * <p>In symbols: {@code u} is the common direction, {@code r} is the rotated rest of a vector {@code x}, and {@code sign(r)} is its code. A query
 * {@code q} with the rotated rest {@code q'} has two distances to a code:
 *
 * <ul>
 *   <li>the Hamming distance, which counts the bits that differ. It is cheap enough for all rows.
 *   <li>an unbiased estimate of the cosine, {@code (q·u)(x·u) + Σ q'ⱼ sign(rⱼ) · |r|² / Σ|rⱼ|}. It uses the query in full precision.
 * </ul>
 *
 * <p>Immutable. Safe for use by several threads.
 */
final class BinaryCodes {
    /** Rows of one step of a scan. Their distances fit into the first-level cache. */
    static final int BLOCK_ROWS = 1024;

    /** Rows of which a scan copies 512 dimensions onto the heap at once: 16 KB, which fit into the first-level cache. */
    private static final int COPIED_ROWS = 256;

    /** The scan is unrolled for this many words, which is 512 dimensions. Zeros fill a code up to a multiple of it. */
    private static final int UNROLLED_WORDS = 8;

    private final Rotation rotation;
    private final int words;

    BinaryCodes(Rotation rotation) {
        this.rotation = rotation;
        words = words(rotation.dimension());
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

        /** Reads some of what there is of this row, and returns a number made of that. */
        long touch(int row) {
            return codes.get(at(row, 0)) ^ (long) (shares.get(row) + scales.get(row));
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
        encode(rotation.split(vector), rows, row);
    }

    /** Stores the code of a vector that the rotation has split as this row. Only the writing thread may call it. */
    void encode(SplitVector vector, Rows rows, int row) {
        float[] rest = vector.rest();
        rows.shares.put(row, vector.share());
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

        private final SignSums sums;

        private Query(float[] vector) {
            SplitVector split = rotation.split(vector);
            code = code(split.rest());
            sums = new SignSums(split);
        }

        /** What the query's values come to with signs. */
        SignSums sums() {
            return sums;
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
            rows.get(row, bits);
            return sums.share() * rows.shares.get(row) + rows.scales.get(row) * sums.of(bits, 0);
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
