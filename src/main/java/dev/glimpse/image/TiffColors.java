package dev.glimpse.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.Raster;
import java.awt.image.SampleModel;
import java.awt.image.WritableRaster;
import java.io.IOException;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/**
 * Reads the one page that {@link TiffPage} leaves of a TIFF, with the colours that its tags mean. Its reader takes any fourth sample for alpha, and colours that are multiplied
 * by their alpha for plain ones.
 */
final class TiffColors {
    private TiffColors() {}

    /**
     * Reads a page whose pixels are colours and at most alpha, and whose colours are not multiplied by it.
     *
     * @param param how the page is thinned out while read; its type of destination is set here
     * @throws ImageTooSlowException if the time is over
     */
    static BufferedImage read(ImageReader reader, byte[] bytes, ImageReadParam param, Deadline deadline)
            throws IOException {
        ImageTypeSpecifier raw = reader.getRawImageType(0);
        ColorModel colors = raw.getColorModel();
        if (WideSamples.areIn(colors)) {
            WideSamples samples = WideSamples.of(TiffFile.of(bytes).pages().get(0));
            int step = 1;
            if (WideSamples.areReadWhole(colors)) {
                step = param.getSourceXSubsampling();
                param.setSourceSubsampling(1, 1, 0, 0);
            }
            return samples.toBytes(untouched(reader, param, raw), colors, step, deadline);
        }
        if (colors.isAlphaPremultiplied() || extraSamples(raw.getSampleModel(), colors) > 0) {
            param.setDestinationType(raw);
        }
        return plain(reader.read(0, param));
    }

    /** The samples as they are in the file. Asked for a raster, the reader would copy it. */
    private static Raster untouched(ImageReader reader, ImageReadParam param, ImageTypeSpecifier raw)
            throws IOException {
        int step = param.getSourceXSubsampling();
        BufferedImage kept =
                new BufferedImage(
                        raw.getColorModel(),
                        Raster.createWritableRaster(
                                raw.getSampleModel(
                                        (reader.getWidth(0) + step - 1) / step,
                                        (reader.getHeight(0) + step - 1) / step),
                                null),
                        raw.getColorModel().isAlphaPremultiplied(),
                        null) {
                    @Override
                    public Raster getData() {
                        return getRaster();
                    }
                };
        param.setDestination(kept);
        return reader.readRaster(0, param);
    }

    private static int extraSamples(SampleModel samples, ColorModel colors) {
        return colors instanceof ComponentColorModel ? samples.getNumBands() - meant(colors) : 0;
    }

    /** The number of samples that are colours or alpha. */
    private static int meant(ColorModel colors) {
        return colors.getColorSpace().getNumComponents() + (colors.hasAlpha() ? 1 : 0);
    }

    private static BufferedImage plain(BufferedImage picture) {
        ColorModel colors = picture.getColorModel();
        WritableRaster raster = picture.getRaster();
        if (extraSamples(raster.getSampleModel(), colors) > 0) {
            int[] bands = new int[meant(colors)];
            for (int band = 0; band < bands.length; band++) {
                bands[band] = band;
            }
            raster = raster.createWritableChild(0, 0, raster.getWidth(), raster.getHeight(), 0, 0, bands);
        } else if (!colors.isAlphaPremultiplied()) {
            return picture;
        }
        if (colors.isAlphaPremultiplied()) {
            divideByAlpha(raster, (1 << colors.getComponentSize(0)) - 1);
        }
        ColorModel plain = new ComponentColorModel(
                colors.getColorSpace(),
                colors.hasAlpha(),
                false,
                colors.hasAlpha() ? ColorModel.TRANSLUCENT : ColorModel.OPAQUE,
                colors.getTransferType());
        return new BufferedImage(plain, raster, false, null);
    }

    /** In place. Where there is no alpha there is no colour; a colour above its alpha is as bright as can be. */
    private static void divideByAlpha(WritableRaster raster, int full) {
        int bands = raster.getNumBands();
        int[] row = new int[raster.getWidth() * bands];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, row);
            for (int at = 0; at < row.length; at += bands) {
                int alpha = row[at + bands - 1];
                for (int color = at; alpha > 0 && color < at + bands - 1; color++) {
                    row[color] = (int) Math.min(full, ((long) row[color] * full + alpha / 2) / alpha);
                }
            }
            raster.setPixels(0, y, raster.getWidth(), 1, row);
        }
    }
}
