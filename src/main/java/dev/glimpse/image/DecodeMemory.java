package dev.glimpse.image;

import java.awt.image.ColorModel;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/**
 * What it takes at most to decode a picture, in bytes of heap that are in use at the same time; known from its header. The raw figures are in
 * docs/benchmarks/decode-memory.txt.
 */
final class DecodeMemory {
    /** Tables of readers, and the band of pixels that is being converted. */
    static final long ALWAYS = 8 << 20;

    /** The result. */
    private static final long RGB = 3;

    /** The reader of lossy WebPs keeps three rows of blocks of 16 x 16 pixels as objects. */
    private static final long WEBP_BLOCK = 3 * 24_000;

    /** And what it knows of every block beforehand. */
    private static final long WEBP_BLOCK_MODES = 120;

    private DecodeMemory() {}

    /**
     * @param reader of the picture, at its beginning
     * @param page of the file that is read
     * @param widest the width of the picture, or of a tile in it if that is wider
     * @param codes what the Huffman codes and transforms of a lossless WebP take, or of its transparency
     */
    static long of(
            ImageFormat format, byte[] bytes, ImageReader reader, int page, Thinning thinning, long widest, long codes)
            throws IOException {
        int width = reader.getWidth(page);
        int height = reader.getHeight(page);
        long pixels = (long) width * height;
        long kept = (long) thinning.kept(width) * thinning.kept(height);
        ImageTypeSpecifier type = reader.getImageTypes(page).next();
        long each = bytesPerPixel(type);
        return ALWAYS
                + kept * (each + RGB)
                + switch (format) {
                    case JPEG -> jpeg(JpegFrame.of(bytes), pixels, kept, each);
                    case WEBP -> webp(bytes, width, height, thinning, each, codes);
                    case TIFF -> tiff(type.getColorModel(), pixels, kept, each) + 5 * widest * each;
                    case PNG, GIF -> 4 * width * each;
                    case BMP -> 4 * width * each + bytes.length;
                };
    }

    /** Of one frame of an animation. */
    static long ofFrame(ImageFormat format, Animation.Place place, Thinning thinning, long codes) {
        Thinning own = thinning.within(place.width(), place.height());
        long pixels = (long) place.width() * place.height();
        long kept = (long) own.kept(place.width()) * own.kept(place.height());
        long webp = format == ImageFormat.WEBP ? Math.max(4 * pixels + codes, lossy(place.width(), place.height())) : 0;
        return ALWAYS + 4 * kept + webp;
    }

    /** Of an animation, beside its largest frame: two canvases, and the first picture that was made of them. */
    static long canvases(Animation animation, Thinning thinning) {
        long kept = (long) thinning.kept(animation.width()) * thinning.kept(animation.height());
        return kept * (4 + 4 + 2 * RGB);
    }

    private static long jpeg(JpegFrame frame, long pixels, long kept, long each) {
        if (frame.lossless()) {
            return pixels * frame.components() * 8;
        }
        // Colours are converted from one array to another.
        long converted = kept * Math.max(each, frame.components());
        // Two bytes each, not of the heap, of which a machine has at least twice as much.
        long coefficients = frame.buffered() ? (long) (pixels * frame.samples()) : 0;
        return converted + coefficients;
    }

    private static long webp(byte[] bytes, int width, int height, Thinning thinning, long each, long codes) {
        long pixels = (long) width * height;
        if (isIn(bytes, 'L')) {
            return codes + (thinning.step() > 1 ? pixels * each : 0);
        }
        // Transparency is decoded before, as a whole and with four bytes for each pixel.
        long lossy = lossy(width, height);
        return codes > 0 ? Math.max(lossy, 4 * pixels + codes) : lossy;
    }

    private static long lossy(int width, int height) {
        long blocks = (width / 16 + 1L) * (height / 16 + 1L);
        return blocks * WEBP_BLOCK_MODES + (width / 16 + 3L) * WEBP_BLOCK;
    }

    /** Whether a WebP, or the frame of one, has a part VP8 followed by this letter. */
    private static boolean isIn(byte[] bytes, char kind) {
        long at = 12;
        while (at + 8 <= bytes.length) {
            int chunk = (int) at;
            if (bytes[chunk] == 'V' && bytes[chunk + 1] == 'P' && bytes[chunk + 2] == '8' && bytes[chunk + 3] == kind) {
                return true;
            }
            long length = (bytes[chunk + 4] & 0xFFL)
                    | (bytes[chunk + 5] & 0xFFL) << 8
                    | (bytes[chunk + 6] & 0xFFL) << 16
                    | (bytes[chunk + 7] & 0xFFL) << 24;
            boolean frame = bytes[chunk] == 'A' && bytes[chunk + 1] == 'N' && bytes[chunk + 3] == 'F';
            at += frame ? 24 : 8 + length + (length & 1);
        }
        return false;
    }

    private static long tiff(ColorModel colors, long pixels, long kept, long each) {
        if (WideSamples.areReadWhole(colors)) {
            return pixels * each + kept * RGB;
        }
        // A JPEG inside is converted from one array to another, and wide samples are.
        return kept * Math.max(each, RGB);
    }

    private static long bytesPerPixel(ImageTypeSpecifier type) {
        long bits = 0;
        for (int band = 0; band < type.getNumBands(); band++) {
            bits += type.getBitsPerBand(band);
        }
        return (bits + 7) / 8;
    }
}
