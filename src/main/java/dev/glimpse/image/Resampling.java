package dev.glimpse.image;

import java.util.Arrays;

/**
 * Pillow's resampling of 8-bit RGB, to the bit: models were trained on pictures resized this way, and other filters (no
 * antialiasing, other rounding) move their embeddings.
 *
 * <p>Two passes, horizontal first, each rounded to 8 bits. Only the asked window of the output is computed, so a strip
 * of 1x65000 pixels costs no more than its centre.
 */
final class Resampling {
    /** Weights are fixed-point: 8 bits are the pixel's, 2 are head room for the overshoot. */
    private static final int PRECISION_BITS = 32 - 8 - 2;

    private static final int HALF = 1 << (PRECISION_BITS - 1);

    /** Rows and pixels that are turned at a time: less than a megabyte, which the caches of a processor hold. */
    private static final int TURNED_ROWS = 64;

    private static final int TURNED_PIXELS = 1 << 16;

    private Resampling() {}

    /** The outputs {@code from} to {@code from + count} of one side that is resized from {@code in} to {@code out}. */
    record Axis(int in, long out, long from, int count) {}

    /** Resizes with the bicubic filter. */
    static byte[] resize(byte[] rgb, Axis x, Axis y, Runnable pause) {
        return resize(rgb, x, y, Square.Filter.BICUBIC, pause);
    }

    /**
     * Resizes interleaved RGB of {@code x.in * y.in} pixels; answers {@code x.count * y.count} pixels.
     *
     * <p>Some rows at a time are turned on their side, so that both passes add up whole arrays of int, which the JVM does with vector
     * instructions.
     *
     * @param pause is called after each fraction of a millisecond or so, on the calling thread
     */
    static byte[] resize(byte[] rgb, Axis x, Axis y, Square.Filter filter, Runnable pause) {
        Weights across = Weights.of(x, filter);
        Weights down = Weights.of(y, filter);
        int left = across.first[0];
        int columns = across.end(x.count - 1) - left;
        // Only the rows that the second pass will read.
        int end = down.end(y.count - 1);
        int rows = Math.max(1, Math.min(Math.min(TURNED_ROWS, end - down.first[0]), TURNED_PIXELS / columns));
        int[][] turned = new int[columns][rows * 3];
        int[] column = new int[rows * 3];
        int[][] narrow = new int[rows][x.count * 3];
        int[][] sums = new int[y.count][x.count * 3];
        for (int[] row : sums) {
            Arrays.fill(row, HALF);
        }
        int begun = 0;
        for (int top = down.first[0]; top < end; top += rows) {
            int some = Math.min(rows, end - top);
            for (int i = 0; i < columns; i++) {
                turn(rgb, (top * x.in + left + i) * 3, x.in * 3, turned[i], some * 3);
            }
            for (int i = 0; i < x.count; i++) {
                pause.run();
                Arrays.fill(column, HALF);
                for (int k = 0; k < across.weights[i].length; k++) {
                    add(turned[across.first[i] - left + k], across.weights[i][k], column);
                }
                for (int row = 0; row < some; row++) {
                    narrow[row][i * 3] = clip(column[row * 3]);
                    narrow[row][i * 3 + 1] = clip(column[row * 3 + 1]);
                    narrow[row][i * 3 + 2] = clip(column[row * 3 + 2]);
                }
            }
            for (int row = top; row < top + some; row++) {
                pause.run();
                while (begun < y.count && down.end(begun) <= row) {
                    begun++;
                }
                for (int i = begun; i < y.count && down.first[i] <= row; i++) {
                    add(narrow[row - top], down.weights[i][row - down.first[i]], sums[i]);
                }
            }
        }
        return clipped(sums, x.count * y.count * 3);
    }

    private static void turn(byte[] rgb, int from, int step, int[] column, int end) {
        for (int i = 0; i < end; i += 3) {
            column[i] = rgb[from] & 0xFF;
            column[i + 1] = rgb[from + 1] & 0xFF;
            column[i + 2] = rgb[from + 2] & 0xFF;
            from += step;
        }
    }

    private static void add(int[] source, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += source[i] * weight;
        }
    }

    private static byte[] clipped(int[][] sums, int length) {
        byte[] result = new byte[length];
        int at = 0;
        for (int[] row : sums) {
            for (int sum : row) {
                result[at++] = (byte) clip(sum);
            }
        }
        return result;
    }

    private static int clip(int sum) {
        return Math.max(0, Math.min(255, sum >> PRECISION_BITS));
    }

    /** The first input of each output, and the weights of that input and of those after it. */
    private static final class Weights {
        final int[] first;
        final int[][] weights;

        private Weights(int[] first, int[][] weights) {
            this.first = first;
            this.weights = weights;
        }

        /** After the last input of this output. */
        int end(int output) {
            return first[output] + weights[output].length;
        }

        static Weights of(Axis axis, Square.Filter filter) {
            double scale = (double) axis.in / axis.out;
            double widening = Math.max(scale, 1);
            double support = (filter == Square.Filter.BICUBIC ? 2 : 1) * widening;
            double narrowing = 1 / widening;
            int[] first = new int[axis.count];
            int[][] weights = new int[axis.count][];
            for (int i = 0; i < axis.count; i++) {
                double center = (axis.from + i + 0.5) * scale;
                int low = Math.max(0, (int) (center - support + 0.5));
                int high = Math.min(axis.in, (int) (center + support + 0.5));
                double[] exact = new double[high - low];
                double sum = 0;
                for (int k = 0; k < exact.length; k++) {
                    double distance = Math.abs((k + low - center + 0.5) * narrowing);
                    exact[k] = filter == Square.Filter.BICUBIC ? bicubic(distance) : Math.max(0, 1 - distance);
                    sum += exact[k];
                }
                first[i] = low;
                weights[i] = new int[exact.length];
                for (int k = 0; k < exact.length; k++) {
                    double scaled = exact[k] / sum * (1 << PRECISION_BITS);
                    weights[i][k] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
                }
            }
            return new Weights(first, weights);
        }

        private static double bicubic(double t) {
            double a = -0.5;
            if (t < 1) {
                return ((a + 2) * t - (a + 3)) * t * t + 1;
            }
            return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
        }
    }
}
