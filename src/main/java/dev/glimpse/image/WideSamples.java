package dev.glimpse.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;

/**
 * Samples that are not bytes or unsigned 16-bit numbers: signed, 32-bit and floating point, grey or RGB, of a TIFF. Java would take them for
 * linear light, and the TIFF reader cuts off what is above 1. Here they are scaled to 0 to 255, without a curve.
 *
 * @param signed whether negative whole numbers are meant as such
 * @param inverted whether the lowest value is white
 */
record WideSamples(boolean signed, boolean inverted) {
    private static final int SIGNED = 2;

    /** Whether samples of this kind are meant. */
    static boolean areIn(ColorModel colors) {
        int type = colors.getTransferType();
        int space = colors.getColorSpace().getType();
        return colors instanceof ComponentColorModel
                && type != DataBuffer.TYPE_BYTE
                && type != DataBuffer.TYPE_USHORT
                && (space == ColorSpace.TYPE_GRAY || space == ColorSpace.TYPE_RGB);
    }

    /** Whether the TIFF reader fails when it is asked to leave out rows and columns of such samples. */
    static boolean areReadWhole(ColorModel colors) {
        return areIn(colors) && isFloating(colors.getTransferType());
    }

    static WideSamples of(TiffFile.Directory page) {
        return new WideSamples(
                page.value(TiffFile.SAMPLE_FORMAT, 1) == SIGNED, page.value(TiffFile.PHOTOMETRIC, 1) == 0);
    }

    /**
     * The picture over white, as blue, green and red bytes.
     *
     * @param raster as it is in the file: not inverted, not cut off
     * @param colors grey or RGB; further bands than these and alpha are ignored
     * @param step keeps every so many columns and rows
     * @throws ImageTooSlowException if the time is over
     */
    BufferedImage toBytes(Raster raster, ColorModel colors, int step, Deadline deadline) {
        int bands = raster.getNumBands();
        int inks = colors.getColorSpace().getNumComponents();
        boolean alpha = colors.hasAlpha();
        double[] row = new double[raster.getWidth() * bands];
        Range light = new Range();
        Range cover = new Range();
        for (int y = 0; y < raster.getHeight(); y += step) {
            deadline.check();
            read(raster, y, row);
            for (int at = 0; at < row.length; at += bands * step) {
                for (int ink = 0; ink < inks; ink++) {
                    light.include(row[at + ink]);
                }
                if (alpha) {
                    cover.include(row[at + inks]);
                }
            }
        }
        light.settle(raster.getTransferType(), signed);
        // A share of the whole: where nothing is opaque, the most opaque need not be.
        cover.low = Math.min(0, cover.low);
        cover.settle(raster.getTransferType(), signed);

        BufferedImage bytes = new BufferedImage(
                (raster.getWidth() + step - 1) / step,
                (raster.getHeight() + step - 1) / step,
                BufferedImage.TYPE_3BYTE_BGR);
        int[] rgb = new int[bytes.getWidth() * 3];
        for (int y = 0; y < bytes.getHeight(); y++) {
            deadline.check();
            read(raster, y * step, row);
            for (int x = 0; x < bytes.getWidth(); x++) {
                int at = x * step * bands;
                double opaque = alpha ? cover.share(row[at + inks]) : 1;
                for (int color = 0; color < 3; color++) {
                    double share = light.share(row[at + (inks == 1 ? 0 : color)]);
                    share = inverted ? 1 - share : share;
                    double laid = colors.isAlphaPremultiplied() ? Math.min(share, opaque) : share * opaque;
                    rgb[3 * x + color] = (int) Math.round(255 * (laid + 1 - opaque));
                }
            }
            bytes.getRaster().setPixels(0, y, bytes.getWidth(), 1, rgb);
        }
        return bytes;
    }

    private void read(Raster raster, int y, double[] row) {
        raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
        if (raster.getTransferType() == DataBuffer.TYPE_INT && !signed) {
            for (int i = 0; i < row.length; i++) {
                row[i] = row[i] < 0 ? row[i] + 0x1p32 : row[i];
            }
        }
    }

    private static boolean isFloating(int transferType) {
        return transferType == DataBuffer.TYPE_FLOAT || transferType == DataBuffer.TYPE_DOUBLE;
    }

    /** From the value that is black to the value that is white. */
    private static final class Range {
        private double low = Double.POSITIVE_INFINITY;
        private double high = Double.NEGATIVE_INFINITY;

        void include(double value) {
            if (Double.isFinite(value)) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }

        /**
         * Takes the scale that the values were most likely written for: 0 to 1, a number of bits, or else their own range. Numbers that use
         * only a small part of what their type can hold are measurements, which a scale of their own makes visible.
         */
        void settle(int transferType, boolean signed) {
            if (low >= 0) {
                double most = most(transferType, signed);
                low = most > 0 ? 0 : low == high ? 0 : low;
                high = most > 0 ? most : high;
            }
        }

        /** 0 if there is none. */
        private double most(int transferType, boolean signed) {
            if (isFloating(transferType)) {
                return high <= 1 ? 1 : high > 128 && high <= 255 ? 255 : 0;
            }
            double full = transferType == DataBuffer.TYPE_SHORT ? 0x7FFF : signed ? 0x1p31 - 1 : 0x1p32 - 1;
            if (high <= 255) {
                return 255;
            }
            return high <= 0xFFFF ? Math.min(full, 0xFFFF) : high > full / 16 ? full : 0;
        }

        double share(double value) {
            if (Double.isNaN(value) || value <= low) {
                return 0;
            }
            return value >= high ? 1 : (value - low) / (high - low);
        }
    }
}
