package dev.glimpse.image;

import java.awt.image.BufferedImage;

/**
 * Resizes as Pillow does with BICUBIC on 8-bit pixels, to the bit: a cubic filter with a = -0.5, widened when shrinking,
 * weights in 22-bit fixed point, first along rows and then along columns with 8 bits in between. CLIP's reference
 * preprocessing is made of it, and models notice the difference.
 */
final class Bicubic {
    private static final int PRECISION = 22;
    private static final double SUPPORT = 2;

    private Bicubic() {}

    /** For each output position: the first source position, and weights whose sum is 2^22. */
    private static final class Axis {
        private final int[] first;
        private final int[][] weights;

        /** For {@code count} of {@code out} positions, from {@code offset} on. */
        Axis(int in, long out, long offset, int count) {
            first = new int[count];
            weights = new int[count][];
            double scale = (double) in / out;
            double filterScale = Math.max(scale, 1);
            double support = SUPPORT * filterScale;
            for (int i = 0; i < count; i++) {
                double center = (i + offset + 0.5) * scale;
                int from = Math.max(0, (int) (center - support + 0.5));
                int to = Math.min(in, (int) (center + support + 0.5));
                double[] exact = new double[to - from];
                double sum = 0;
                for (int k = 0; k < exact.length; k++) {
                    exact[k] = cubic((k + from - center + 0.5) / filterScale);
                    sum += exact[k];
                }
                first[i] = from;
                weights[i] = new int[exact.length];
                for (int k = 0; k < exact.length; k++) {
                    double w = exact[k] / sum * (1 << PRECISION);
                    weights[i][k] = (int) (w < 0 ? w - 0.5 : w + 0.5);
                }
            }
        }

        int end() {
            int end = 0;
            for (int i = 0; i < first.length; i++) {
                end = Math.max(end, first[i] + weights[i].length);
            }
            return end;
        }
    }

    /**
     * Resizes the picture to {@code width x height} and computes only the window at {@code (x, y)}.
     *
     * @return {@code uint8 [windowHeight, windowWidth, 3]}, RGB
     */
    static byte[] resize(
            BufferedImage image, long width, long height, long x, long y, int windowWidth, int windowHeight) {
        Axis horizontal = new Axis(image.getWidth(), width, x, windowWidth);
        Axis vertical = new Axis(image.getHeight(), height, y, windowHeight);
        int top = vertical.first[0];
        int rows = vertical.end() - top;
        byte[] narrowed = narrow(image, horizontal, top, rows, windowWidth);
        byte[] out = new byte[windowWidth * windowHeight * 3];
        int stride = windowWidth * 3;
        for (int i = 0; i < windowHeight; i++) {
            int[] weights = vertical.weights[i];
            int start = (vertical.first[i] - top) * stride;
            for (int j = 0; j < stride; j++) {
                int sum = 1 << (PRECISION - 1);
                for (int k = 0; k < weights.length; k++) {
                    sum += (narrowed[start + k * stride + j] & 0xFF) * weights[k];
                }
                out[i * stride + j] = clip(sum);
            }
        }
        return out;
    }

    private static byte[] narrow(BufferedImage image, Axis axis, int top, int rows, int windowWidth) {
        byte[] out = new byte[rows * windowWidth * 3];
        int[] line = new int[image.getWidth()];
        int next = 0;
        for (int row = 0; row < rows; row++) {
            image.getRGB(0, top + row, line.length, 1, line, 0, line.length);
            for (int i = 0; i < windowWidth; i++) {
                int[] weights = axis.weights[i];
                int first = axis.first[i];
                int red = 1 << (PRECISION - 1);
                int green = red;
                int blue = red;
                for (int k = 0; k < weights.length; k++) {
                    int rgb = line[first + k];
                    red += ((rgb >> 16) & 0xFF) * weights[k];
                    green += ((rgb >> 8) & 0xFF) * weights[k];
                    blue += (rgb & 0xFF) * weights[k];
                }
                out[next++] = clip(red);
                out[next++] = clip(green);
                out[next++] = clip(blue);
            }
        }
        return out;
    }

    private static byte clip(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION));
    }

    /** The cubic convolution kernel of Keys with a = -0.5, which is Pillow's. */
    private static double cubic(double x) {
        double a = -0.5;
        double t = Math.abs(x);
        if (t < 1) {
            return ((a + 2) * t - (a + 3)) * t * t + 1;
        }
        if (t < 2) {
            return (((t - 5) * t + 8) * t - 4) * a;
        }
        return 0;
    }
}
