package dev.glimpse.image;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** From whatever a reader gives (grey, palette, 16 bits, alpha, another colour space) to upright 8-bit RGB. */
final class Pixels {
    /** Converted in bands of about this many pixels, so that a large picture is not held a third time. */
    private static final int BAND_PIXELS = 1 << 18;

    private Pixels() {}

    /** @throws ImageTooSlowException if the time is over: some profiles are slow */
    static byte[] upright(BufferedImage picture, Orientation orientation, Deadline deadline) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
        if (isPlain(picture) && orientation == Orientation.UPRIGHT) {
            // Nearly every photo, and three times as fast as what follows.
            byte[] bgr = ((DataBufferByte) picture.getRaster().getDataBuffer()).getData();
            for (int at = 0; at < rgb.length; at += 3) {
                rgb[at] = bgr[at + 2];
                rgb[at + 1] = bgr[at + 1];
                rgb[at + 2] = bgr[at];
            }
            return rgb;
        }
        int bandHeight = Math.min(height, Math.max(1, BAND_PIXELS / width));
        int[] row = new int[width];
        for (int top = 0; top < height; top += bandHeight) {
            deadline.check();
            BufferedImage band = picture.getSubimage(0, top, width, Math.min(bandHeight, height - top));
            BufferedImage converted = converted(band);
            for (int y = 0; y < band.getHeight(); y++) {
                converted.getRaster().getDataElements(0, y, width, 1, row);
                for (int x = 0; x < width; x++) {
                    int at = 3 * orientation.index(x, top + y, width, height);
                    rgb[at] = (byte) (row[x] >> 16);
                    rgb[at + 1] = (byte) (row[x] >> 8);
                    rgb[at + 2] = (byte) row[x];
                }
            }
        }
        return rgb;
    }

    /** Whether its pixels are blue, green and red bytes, one after the other and nothing between. */
    private static boolean isPlain(BufferedImage picture) {
        return picture.getType() == BufferedImage.TYPE_3BYTE_BGR
                && picture.getColorModel().getColorSpace().isCS_sRGB()
                && picture.getRaster().getDataBuffer() instanceof DataBufferByte data
                && data.getNumBanks() == 1
                && data.getOffset() == 0
                && data.getData().length == picture.getWidth() * picture.getHeight() * 3;
    }

    /** Whether its red, green and blue are not the standard ones. */
    static boolean hasProfile(ColorModel colors) {
        return colors instanceof ComponentColorModel
                && colors.getColorSpace().getType() == ColorSpace.TYPE_RGB
                && !colors.getColorSpace().isCS_sRGB();
    }

    /** The picture without its profile: the same numbers, taken for standard colours. Shares its pixels with the original. */
    static BufferedImage withoutProfile(BufferedImage picture) {
        ColorModel colors = picture.getColorModel();
        if (!hasProfile(colors)) {
            return picture;
        }
        ColorModel standard = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB),
                colors.hasAlpha(),
                colors.isAlphaPremultiplied(),
                colors.getTransparency(),
                colors.getTransferType());
        return new BufferedImage(standard, picture.getRaster(), colors.isAlphaPremultiplied(), null);
    }

    private static BufferedImage converted(BufferedImage band) {
        ColorModel colors = band.getColorModel();
        if (isGray(colors)) {
            return fromGray(band);
        }
        return isBareCmyk(colors) ? fromCmyk(band) : onWhite(band);
    }

    private static boolean isGray(ColorModel colors) {
        return colors.getColorSpace().getType() == ColorSpace.TYPE_GRAY
                && !(colors instanceof IndexColorModel)
                && colors.getComponentSize(0) <= 16;
    }

    /** Java takes grey for linear light and would brighten it; files mean the same curve as for colours. */
    private static BufferedImage fromGray(BufferedImage band) {
        BufferedImage converted = new BufferedImage(band.getWidth(), band.getHeight(), BufferedImage.TYPE_INT_RGB);
        Raster raster = band.getRaster();
        int full = (1 << band.getColorModel().getComponentSize(0)) - 1;
        boolean transparent = band.getColorModel().hasAlpha();
        int[] row = new int[band.getWidth() * raster.getNumBands()];
        int[] colors = new int[band.getWidth()];
        for (int y = 0; y < band.getHeight(); y++) {
            raster.getPixels(0, y, band.getWidth(), 1, row);
            for (int x = 0; x < colors.length; x++) {
                int at = x * raster.getNumBands();
                int gray = scaled(row[at], full);
                if (transparent) {
                    int alpha = scaled(row[at + 1], full);
                    gray = (gray * alpha + 255 * (255 - alpha) + 127) / 255;
                }
                colors[x] = gray * 0x010101;
            }
            converted.getRaster().setDataElements(0, y, colors.length, 1, colors);
        }
        return converted;
    }

    /** Inks without a profile that says how they look. */
    private static boolean isBareCmyk(ColorModel colors) {
        return colors.getColorSpace().getType() == ColorSpace.TYPE_CMYK
                && !(colors.getColorSpace() instanceof ICC_ColorSpace)
                && colors.getNumComponents() == 4
                && colors.getComponentSize(0) == 8;
    }

    /** Mixes colours as Pillow does. Java's own way has the same result, but uses floating point and is a thousand times slower. */
    private static BufferedImage fromCmyk(BufferedImage band) {
        BufferedImage converted = new BufferedImage(band.getWidth(), band.getHeight(), BufferedImage.TYPE_INT_RGB);
        int[] inks = new int[band.getWidth() * 4];
        int[] colors = new int[band.getWidth()];
        for (int y = 0; y < band.getHeight(); y++) {
            band.getRaster().getPixels(0, y, band.getWidth(), 1, inks);
            for (int x = 0; x < colors.length; x++) {
                int light = 255 - inks[4 * x + 3];
                int red = ((255 - inks[4 * x]) * light + 127) / 255;
                int green = ((255 - inks[4 * x + 1]) * light + 127) / 255;
                int blue = ((255 - inks[4 * x + 2]) * light + 127) / 255;
                colors[x] = red << 16 | green << 8 | blue;
            }
            converted.getRaster().setDataElements(0, y, colors.length, 1, colors);
        }
        return converted;
    }

    private static int scaled(int sample, int full) {
        return (int) (((long) sample * 255 + full / 2) / full);
    }

    private static BufferedImage onWhite(BufferedImage band) {
        BufferedImage converted = new BufferedImage(band.getWidth(), band.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = converted.createGraphics();
        canvas.setColor(Color.WHITE);
        canvas.fillRect(0, 0, band.getWidth(), band.getHeight());
        canvas.drawImage(inStandardColors(band), 0, 0, null);
        canvas.dispose();
        return converted;
    }

    /** Drawing a picture of another colour space converts pixel by pixel, a hundred times slower than as a whole. */
    private static BufferedImage inStandardColors(BufferedImage band) {
        ColorModel colors = band.getColorModel();
        if (colors instanceof IndexColorModel || colors.getColorSpace().isCS_sRGB()) {
            return band;
        }
        int type = colors.hasAlpha() ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB;
        return new ColorConvertOp(null).filter(band, new BufferedImage(band.getWidth(), band.getHeight(), type));
    }
}
