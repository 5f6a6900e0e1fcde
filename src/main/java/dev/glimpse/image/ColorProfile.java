package dev.glimpse.image;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DirectColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * An ICC profile that Java can follow. Files carry profiles that are empty, cut off, or made of anything; readers fail on some of these, so
 * only what {@link #of} accepts may get to a reader. Immutable, may be shared between threads.
 */
final class ColorProfile {
    /** The largest in use, of printers, have 3 MB. */
    static final int MOST_BYTES = 8 << 20;

    private static final int HEADER = 128;
    private static final int SIGNATURE_AT = 36;
    private static final int SIGNATURE = 0x61637370; // acsp
    private static final int MOST_TAGS = 1_000;

    private final ICC_ColorSpace space;

    private ColorProfile(ICC_ColorSpace space) {
        this.space = space;
    }

    /** The profile in these bytes, which may be followed by others; empty if Java cannot follow it. */
    static Optional<ColorProfile> of(byte[] bytes) {
        try {
            if (bytes.length > MOST_BYTES || !isWhole(ByteBuffer.wrap(bytes))) {
                return Optional.empty();
            }
            ICC_ColorSpace space = new ICC_ColorSpace(ICC_Profile.getInstance(bytes));
            // What is wrong inside shows only at its first use.
            space.toRGB(new float[space.getNumComponents()]);
            return Optional.of(new ColorProfile(space));
        } catch (RuntimeException e) {
            // Java has no common name for what may be wrong with a profile.
            return Optional.empty();
        }
    }

    /** Whether its table of contents lies within the bytes. */
    private static boolean isWhole(ByteBuffer bytes) {
        try {
            long size = Integer.toUnsignedLong(bytes.getInt(0));
            long tags = Integer.toUnsignedLong(bytes.getInt(HEADER));
            if (size > bytes.capacity()
                    || bytes.getInt(SIGNATURE_AT) != SIGNATURE
                    || tags > MOST_TAGS
                    || HEADER + 4 + tags * 12 > size) {
                return false;
            }
            for (int at = HEADER + 4; at < HEADER + 4 + tags * 12; at += 12) {
                long start = Integer.toUnsignedLong(bytes.getInt(at + 4));
                long length = Integer.toUnsignedLong(bytes.getInt(at + 8));
                if (start + length > size) {
                    return false;
                }
            }
            return true;
        } catch (IndexOutOfBoundsException e) {
            return false;
        }
    }

    /** How many numbers a colour has: 1 for grey, 3 for red, green and blue, 4 for inks. */
    int components() {
        return space.getNumComponents();
    }

    /**
     * Takes the numbers of a picture for colours of this profile. Shares its pixels with the original, except that a palette is converted. A
     * picture that is grey, or that has a profile already, stays as it is; so does any if this is no profile for red, green and blue.
     */
    BufferedImage on(BufferedImage picture) {
        ColorModel colors = picture.getColorModel();
        if (space.getType() != ColorSpace.TYPE_RGB || !colors.getColorSpace().isCS_sRGB()) {
            return picture;
        }
        boolean multiplied = colors.isAlphaPremultiplied();
        WritableRaster raster = picture.getRaster();
        if (colors instanceof IndexColorModel palette) {
            return new BufferedImage(converted(palette), raster, multiplied, null);
        }
        if (colors instanceof DirectColorModel packed) {
            ColorModel meant = new DirectColorModel(
                    space,
                    packed.getPixelSize(),
                    packed.getRedMask(),
                    packed.getGreenMask(),
                    packed.getBlueMask(),
                    packed.getAlphaMask(),
                    multiplied,
                    packed.getTransferType());
            return new BufferedImage(meant, raster, multiplied, null);
        }
        if (colors instanceof ComponentColorModel) {
            ColorModel meant = new ComponentColorModel(
                    space, colors.hasAlpha(), multiplied, colors.getTransparency(), colors.getTransferType());
            return new BufferedImage(meant, raster, multiplied, null);
        }
        return picture;
    }

    private IndexColorModel converted(IndexColorModel palette) {
        int size = palette.getMapSize();
        int[] colors = new int[size];
        palette.getRGBs(colors);
        ColorModel meant = new DirectColorModel(space, 24, 0xFF0000, 0xFF00, 0xFF, 0, false, DataBuffer.TYPE_INT);
        WritableRaster row = meant.createCompatibleWritableRaster(size, 1);
        row.setDataElements(0, 0, size, 1, colors);
        BufferedImage standard = new ColorConvertOp(null)
                .filter(
                        new BufferedImage(meant, row, false, null),
                        new BufferedImage(size, 1, BufferedImage.TYPE_INT_RGB));
        Raster converted = standard.getRaster();
        int[] rgb = (int[]) converted.getDataElements(0, 0, size, 1, null);
        for (int i = 0; i < size; i++) {
            rgb[i] = (rgb[i] & 0xFFFFFF) | (colors[i] & 0xFF000000);
        }
        return new IndexColorModel(
                palette.getPixelSize(),
                size,
                rgb,
                0,
                palette.hasAlpha(),
                palette.getTransparentPixel(),
                palette.getTransferType());
    }
}
