package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Directions that rows are grouped by. 2 kB for each of 512 dimensions. Immutable, so any thread may use it. */
final class Centroids {
    /** Centroids that are compared in full precision, for each that is wanted. */
    private static final int CONSIDERED = 2;

    private final int dimension;
    private final BinaryCodes codes;
    private final int trainedRows;
    private final QueryVector[] directions;
    private final Rows coded;

    /**
     * @param vectors of unit length, at least one
     * @param trainedRows number of rows that there were when they were found
     */
    Centroids(float[][] vectors, BinaryCodes codes, int trainedRows) {
        this.dimension = vectors[0].length;
        this.codes = codes;
        this.trainedRows = trainedRows;
        directions = new QueryVector[vectors.length];
        coded = Rows.onHeap(vectors.length, dimension);
        for (int i = 0; i < vectors.length; i++) {
            directions[i] = new QueryVector(vectors[i]);
            codes.encode(vectors[i], coded, i);
        }
    }

    /** @param codes as they were when the centroids were written */
    static Centroids read(BinaryCodes codes, KeptInput from) throws IOException {
        int trainedRows = from.readInt();
        // Not an array of that length: it may be none if what was written is of another format.
        List<float[]> vectors = new ArrayList<>();
        for (int left = from.readInt(); left > 0; left--) {
            vectors.add(from.readFloats());
        }
        return new Centroids(vectors.toArray(float[][]::new), codes, trainedRows);
    }

    /** Says how to make them again. */
    void write(KeptOutput to) throws IOException {
        to.writeInt(trainedRows);
        to.writeInt(directions.length);
        for (QueryVector direction : directions) {
            to.writeFloats(direction.toArray(dimension));
        }
    }

    static void add(float[] vector, float[] sum) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += vector[i];
        }
    }

    /** False if all values are 0: then nothing is done. */
    static boolean scaleToUnitLength(float[] sum) {
        double norm = Math.sqrt(BinaryCodes.dot(sum, 0, sum));
        if (norm == 0) {
            return false;
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] /= (float) norm;
        }
        return true;
    }

    int count() {
        return directions.length;
    }

    int trainedRows() {
        return trainedRows;
    }

    /**
     * Centroids that are near to a query, the nearest first: exactly so among twice as many whose codes are nearest.
     *
     * @param most how many, at least 1
     */
    int[] nearest(float[] query, BinaryCodes.Query coding, int most) {
        int[] distances = new int[directions.length];
        coding.distances(coded, 0, distances.length, distances);
        TopK near = new TopK();
        near.start(Math.min(directions.length, CONSIDERED * most), dimension + 1);
        addAll(distances, near);
        QueryVector.Row row = new QueryVector.Row(dimension);
        row.copy(FloatBuffer.wrap(query), 0);
        long[] keys = new long[near.finish()];
        for (int i = 0; i < keys.length; i++) {
            // Bits of floats that are not negative sort like the floats.
            float distance = Math.max(0, 2 - directions[near.row(i)].dot(row));
            keys[i] = (long) Float.floatToRawIntBits(distance) << Integer.SIZE | near.row(i);
        }
        Arrays.sort(keys);
        int[] nearest = new int[Math.min(most, keys.length)];
        for (int i = 0; i < nearest.length; i++) {
            nearest[i] = (int) keys[i];
        }
        return nearest;
    }

    private static void addAll(int[] distances, TopK near) {
        for (int i = 0; i < distances.length; i++) {
            near.addIfNearer(i, distances[i]);
        }
    }

    /** Finds the nearest centroid of vectors, one after another. For one thread at a time. */
    final class Finder {
        /** Centroids that are compared in full precision, of those whose codes are nearest. */
        private static final int COMPARED = 8;

        private final TopK near = new TopK();
        private final int[] distances = new int[directions.length];
        private final long[] block = BinaryCodes.newBlock();

        /**
         * The centroid that is nearest to a vector, or one of the nearest.
         *
         * @param bits of the code of the vector
         */
        int nearest(QueryVector.Row vector, long[] bits) {
            codes.distances(bits, coded, 0, distances.length, distances, block);
            near.start(COMPARED, dimension + 1);
            addAll(distances, near);
            int nearest = 0;
            float most = Float.NEGATIVE_INFINITY;
            for (int i = near.finish() - 1; i >= 0; i--) {
                float cosine = directions[near.row(i)].dot(vector);
                if (cosine > most) {
                    most = cosine;
                    nearest = near.row(i);
                }
            }
            return nearest;
        }
    }
}
