package dev.glimpse.vectors;

import java.nio.FloatBuffer;

/**
 * A query that is compared with vectors in full precision. The vectors lie in a buffer, and each is copied into arrays first: the loops here are
 * written so that the JVM compiles them to vector instructions. It does so for arrays that are read from index 0 on, in loops with few terms.
 * With four terms instead of two, a dot product took five times as long.
 *
 * <p>The same vectors always give the same bits. Immutable, so any thread may use it; a {@link Row} is for one thread at a time.
 */
final class QueryVector {
    /** Values of one array. Zeros fill the last one. */
    private static final int PART = 512;

    private static final int HALF = PART / 2;
    private static final int QUARTER = PART / 4;

    private final float[][] parts;

    QueryVector(float[] vector) {
        parts = new float[parts(vector.length)][PART];
        for (int i = 0; i < vector.length; i++) {
            parts[i / PART][i % PART] = vector[i];
        }
    }

    /** A copy of the vector. */
    float[] toArray(int dimension) {
        return toArray(parts, dimension);
    }

    private static float[] toArray(float[][] parts, int dimension) {
        float[] vector = new float[dimension];
        for (int part = 0, done = 0; part < parts.length; part++, done += PART) {
            System.arraycopy(parts[part], 0, vector, done, Math.min(PART, dimension - done));
        }
        return vector;
    }

    private static int parts(int dimension) {
        return (dimension + PART - 1) / PART;
    }

    /** A copy of one vector, in arrays that are used again for the next. */
    static final class Row {
        private final int dimension;
        private final float[][] parts;
        private final float[] halves = new float[HALF];
        private final float[] quarters = new float[QUARTER];

        Row(int dimension) {
            this.dimension = dimension;
            parts = new float[parts(dimension)][PART];
        }

        /** Copies the vector that begins at this index of the buffer. */
        void copy(FloatBuffer from, int index) {
            for (int part = 0, done = 0; part < parts.length; part++, done += PART) {
                from.get(index + done, parts[part], 0, Math.min(PART, dimension - done));
            }
        }

        float[] toArray() {
            return QueryVector.toArray(parts, dimension);
        }
    }

    /** The dot product with this vector. */
    float dot(Row row) {
        float sum = 0;
        for (int part = 0; part < parts.length; part++) {
            multiply(row.parts[part], parts[part], row.halves);
            add(row.halves, row.quarters);
            sum += sum(row.quarters);
        }
        return sum;
    }

    private static void multiply(float[] a, float[] b, float[] halves) {
        for (int i = 0; i < HALF; i++) {
            halves[i] = a[i] * b[i] + a[i + HALF] * b[i + HALF];
        }
    }

    private static void add(float[] halves, float[] quarters) {
        for (int i = 0; i < QUARTER; i++) {
            quarters[i] = halves[i] + halves[i + QUARTER];
        }
    }

    /** Eight partial sums, because an addition would otherwise wait for the one before it. */
    private static float sum(float[] of) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        for (int i = 0; i < QUARTER; i += 8) {
            s0 += of[i];
            s1 += of[i + 1];
            s2 += of[i + 2];
            s3 += of[i + 3];
            s4 += of[i + 4];
            s5 += of[i + 5];
            s6 += of[i + 6];
            s7 += of[i + 7];
        }
        return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
    }
}
