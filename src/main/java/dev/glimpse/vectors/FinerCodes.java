package dev.glimpse.vectors;

import java.nio.LongBuffer;

/**
 * Quantizes vectors to three bits per dimension, for the rows that are left of a comparison of {@link BinaryCodes}. An estimate of the cosine by
 * such a code has a quarter of the error, so that far fewer vectors must be read to find the nearest rows.
 *
 * <p>The values of a {@linkplain Rotation rotated rest} {@code r} of {@code d} dimensions are spread about as those of a normal distribution with the
 * standard deviation {@code |r|/√d}. So each is rounded to one of eight levels, at equal steps of 0.586 times that: the best for such values (Max,
 * Quantizing for Minimum Distortion, 1960, table II). With {@code vⱼ}, the level of a value from -3.5 to 3.5, the estimate of the cosine of a query
 * {@code q} with the rotated rest {@code q'} is {@code (q·u)(x·u) + Σ q'ⱼvⱼ · |r|² / Σ rⱼvⱼ}. It has no bias (Gao and others, SIGMOD 2025).
 *
 * <p>The bits of the levels are kept as three planes, each with one bit of all dimensions, the highest first. So the sum is that of the planes, of
 * which each weighs half of the one before. Immutable. Safe for use by several threads.
 */
final class FinerCodes {
    private static final int PLANES = 3;
    private static final int LEVELS = 1 << PLANES;
    private static final double STEP = 0.586;

    /** Words of one line of the processor's cache. */
    private static final int WORDS_OF_LINE = 8;

    private final int dimension;
    private final int wordsOfPlane;
    private final int words;

    FinerCodes(int dimension) {
        this.dimension = dimension;
        wordsOfPlane = wordsOfPlane(dimension);
        words = words(dimension);
    }

    private static int wordsOfPlane(int dimension) {
        return (dimension + Long.SIZE - 1) / Long.SIZE;
    }

    /** A row has its planes, and then its share of the common direction and its scale. */
    private static int words(int dimension) {
        return PLANES * wordsOfPlane(dimension) + 1;
    }

    /** What a row takes: 200 bytes for 512 dimensions. */
    static int bytesPerRow(int dimension) {
        return words(dimension) * Long.BYTES;
    }

    /** Stores the code of a vector as this row. Only the writing thread may call it. */
    void encode(SplitVector vector, LongBuffer rows, int row) {
        float[] rest = vector.rest();
        double norm = Math.sqrt(BinaryCodes.dot(rest, 0, rest));
        double step = STEP * norm / Math.sqrt(dimension);
        long[] code = new long[words];
        double product = 0;
        for (int i = 0; i < dimension; i++) {
            int level = step == 0 ? 0 : (int) Math.floor(rest[i] / step) + LEVELS / 2;
            level = Math.max(0, Math.min(LEVELS - 1, level));
            product += rest[i] * (level - (LEVELS - 1) / 2.0);
            for (int plane = 0; plane < PLANES; plane++) {
                long bit = level >>> (PLANES - 1 - plane) & 1L;
                code[plane * wordsOfPlane + i / Long.SIZE] |= bit << i;
            }
        }
        float scale = product == 0 ? 0 : (float) (norm * norm / product);
        code[words - 1] = (long) Float.floatToRawIntBits(vector.share()) << Integer.SIZE
                | Integer.toUnsignedLong(Float.floatToRawIntBits(scale));
        rows.put(row * words, code);
    }

    /** Reads some of the code of this row, which brings all of it into the processor's cache, and returns a number made of that. */
    long touch(LongBuffer rows, int row) {
        // The last word may be in a line of its own.
        long touched = rows.get(row * words + words - 1);
        for (int word = 0; word < words; word += WORDS_OF_LINE) {
            touched ^= rows.get(row * words + word);
        }
        return touched;
    }

    /** Memory for the code of one row, to be used again for the next. */
    long[] newCode() {
        return new long[words];
    }

    /**
     * Estimates the cosine.
     *
     * @param code from {@link #newCode}, overwritten
     */
    float cosine(SignSums query, LongBuffer rows, int row, long[] code) {
        rows.get(row * words, code);
        float sum = 0;
        float weight = LEVELS / 4f;
        for (int plane = 0; plane < PLANES; plane++) {
            sum += weight * query.of(code, plane * wordsOfPlane);
            weight /= 2;
        }
        float share = Float.intBitsToFloat((int) (code[words - 1] >>> Integer.SIZE));
        float scale = Float.intBitsToFloat((int) code[words - 1]);
        return query.share() * share + scale * sum;
    }
}
