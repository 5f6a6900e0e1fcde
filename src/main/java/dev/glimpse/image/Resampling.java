package dev.glimpse.image;

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

    private Resampling() {}

    /** The outputs {@code from} to {@code from + count} of one side that is resized from {@code in} to {@code out}. */
    record Axis(int in, long out, long from, int count) {}

    /** Resizes with the bicubic filter. */
    static byte[] resize(byte[] rgb, Axis x, Axis y, Runnable betweenRows) {
        return resize(rgb, x, y, Square.Filter.BICUBIC, betweenRows);
    }

    /**
     * Resizes interleaved RGB of {@code x.in * y.in} pixels; answers {@code x.count * y.count} pixels.
     *
     * @param betweenRows is called before each row, on the calling thread
     */
    static byte[] resize(byte[] rgb, Axis x, Axis y, Square.Filter filter, Runnable betweenRows) {
        Weights across = Weights.of(x, filter);
        Weights down = Weights.of(y, filter);

        // Only the rows that the second pass will read.
        int firstRow = down.first[0];
        int rows = down.first[y.count - 1] + down.weights[y.count - 1].length - firstRow;
        byte[] narrow = new byte[Math.multiplyExact(rows, x.count * 3)];
        for (int row = 0; row < rows; row++) {
            betweenRows.run();
            int source = (firstRow + row) * x.in * 3;
            for (int i = 0; i < x.count; i++) {
                int target = (row * x.count + i) * 3;
                sum(rgb, source + across.first[i] * 3, 3, across.weights[i], narrow, target);
            }
        }

        byte[] result = new byte[x.count * y.count * 3];
        for (int row = 0; row < y.count; row++) {
            betweenRows.run();
            int source = (down.first[row] - firstRow) * x.count * 3;
            for (int i = 0; i < x.count; i++) {
                int target = (row * x.count + i) * 3;
                sum(narrow, source + i * 3, x.count * 3, down.weights[row], result, target);
            }
        }
        return result;
    }

    private static void sum(byte[] source, int offset, int step, int[] weights, byte[] target, int at) {
        int half = 1 << (PRECISION_BITS - 1);
        int red = half;
        int green = half;
        int blue = half;
        int from = offset;
        for (int weight : weights) {
            red += (source[from] & 0xFF) * weight;
            green += (source[from + 1] & 0xFF) * weight;
            blue += (source[from + 2] & 0xFF) * weight;
            from += step;
        }
        target[at] = clip(red);
        target[at + 1] = clip(green);
        target[at + 2] = clip(blue);
    }

    private static byte clip(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION_BITS));
    }

    /** The first input of each output, and the weights of that input and of those after it. */
    private static final class Weights {
        final int[] first;
        final int[][] weights;

        private Weights(int[] first, int[][] weights) {
            this.first = first;
            this.weights = weights;
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
