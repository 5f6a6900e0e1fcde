package dev.glimpse.image;

import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Two numbers that pictures are compared by. Neither tells of somebody who makes another picture with the same number on purpose.
 *
 * @param pixels the same if the pixels are the same, whatever file they were in; two pictures with different pixels have the same number once
 *     in 2^64 times by chance
 * @param look differs in few bits if pictures look alike, in another size or compression as well
 */
public record Fingerprint(long pixels, long look) {
    /** Sides of the small picture that the look is made from. */
    private static final int SIDE = 32;

    /** Frequencies of the look, across and down. */
    private static final int FREQUENCIES = 8;

    /**
     * About how much of a frequency comes from pixels that are rounded to whole numbers, some times over. What is less is nothing: else the
     * bits of a picture without such a frequency were chance.
     */
    private static final double ROUNDING = 32;

    /** One row for each frequency from 1 on: the constant part would only tell how bright a picture is. */
    private static final double[][] COSINES = cosines();

    /** @param rgb the pixels that are kept of a picture, row by row */
    static Fingerprint of(int width, int height, int storedWidth, int storedHeight, byte[] rgb) {
        return new Fingerprint(pixels(width, height, rgb), look(storedWidth, storedHeight, rgb));
    }

    /** The number of bits in which the looks differ, 0 to 64. */
    public int lookDistance(Fingerprint other) {
        return Long.bitCount(look ^ other.look);
    }

    /** Two checksums of 32 bits with different polynomials: processors compute both by themselves. */
    private static long pixels(int width, int height, byte[] rgb) {
        return checksum(new CRC32C(), width, height, rgb) << 32 | checksum(new CRC32(), width, height, rgb);
    }

    private static long checksum(Checksum checksum, int width, int height, byte[] rgb) {
        for (int side : new int[] {width, height}) {
            for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                checksum.update(side >>> shift);
            }
        }
        checksum.update(rgb);
        return checksum.getValue();
    }

    /**
     * The perceptual hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010): a bit for each of the 64
     * lowest frequencies of the discrete cosine transform of the picture's brightness, in 32 x 32 pixels; set if the frequency is stronger
     * than the median of them.
     */
    private static long look(int width, int height, byte[] rgb) {
        byte[] small = Resampling.resize(
                rgb, new Resampling.Axis(width, SIDE, 0, SIDE), new Resampling.Axis(height, SIDE, 0, SIDE), () -> {});
        double[][] across = new double[SIDE][FREQUENCIES];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int at = 3 * (y * SIDE + x);
                double brightness =
                        0.299 * (small[at] & 0xFF) + 0.587 * (small[at + 1] & 0xFF) + 0.114 * (small[at + 2] & 0xFF);
                for (int u = 0; u < FREQUENCIES; u++) {
                    across[y][u] += brightness * COSINES[u][x];
                }
            }
        }
        double[] strengths = new double[FREQUENCIES * FREQUENCIES];
        for (int v = 0; v < FREQUENCIES; v++) {
            for (int u = 0; u < FREQUENCIES; u++) {
                for (int y = 0; y < SIDE; y++) {
                    strengths[v * FREQUENCIES + u] += across[y][u] * COSINES[v][y];
                }
            }
        }
        for (int i = 0; i < strengths.length; i++) {
            strengths[i] = Math.rint(strengths[i] / ROUNDING);
        }
        double[] sorted = strengths.clone();
        Arrays.sort(sorted);
        double median = (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
        long bits = 0;
        for (int i = 0; i < strengths.length; i++) {
            bits |= strengths[i] > median ? 1L << i : 0;
        }
        return bits;
    }

    private static double[][] cosines() {
        double[][] cosines = new double[FREQUENCIES][SIDE];
        for (int u = 0; u < FREQUENCIES; u++) {
            for (int x = 0; x < SIDE; x++) {
                cosines[u][x] = Math.cos(Math.PI * (u + 1) * (2 * x + 1) / (2.0 * SIDE));
            }
        }
        return cosines;
    }
}
