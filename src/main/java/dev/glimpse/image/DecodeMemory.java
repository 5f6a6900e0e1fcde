package dev.glimpse.image;

import java.awt.image.ColorModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/**
 * What it takes at most to decode a picture, in bytes of heap that are in use at the same time; known from its header. The raw figures are in
 * docs/benchmarks/decode-memory.txt.
 *
 * @param each bytes of a pixel as it is read
 * @param always bytes that do not depend on the number of pixels
 * @param whole bytes for each pixel of the picture, whether it is thinned out or not
 * @param wholeIfThinned bytes for each pixel of the picture, if it is thinned out
 * @param kept bytes for each pixel that is kept, beside those of the pixel itself and of the result
 * @param lossyWebp whether its reader keeps blocks of pixels as objects, when it is not at work on what {@code whole} stands for
 */
record DecodeMemory(
        ImageFormat format, long each, long always, double whole, long wholeIfThinned, long kept, boolean lossyWebp) {
    /** Tables of readers, and the band of pixels that is being converted. */
    static final long ALWAYS = 8 << 20;

    /** The result. */
    private static final long RGB = 3;

    /** The reader of lossy WebPs keeps four rows of blocks of 16 x 16 pixels as objects. */
    private static final long WEBP_BLOCK = 88_000;

    /** What it knows of every block beforehand, by pixel. */
    private static final double WEBP_MODES = 120 / 256.0;

    private static final int STEPS_OF_A_SEARCH = 500;

    /**
     * Reads the header.
     *
     * @param reader of the picture, at its beginning
     * @param widest the width of the picture, or of a tile in it if that is wider
     * @param codes what the Huffman codes and transforms of a lossless WebP take, or of its transparency
     */
    static DecodeMemory of(ImageFormat format, byte[] bytes, ImageReader reader, long widest, long codes)
            throws IOException {
        ImageTypeSpecifier type = reader.getImageTypes(0).next();
        long each = bytesPerPixel(type);
        long rows = 5 * widest * each;
        return switch (format) {
            case JPEG -> jpeg(JpegFrame.of(bytes), each, rows);
            case WEBP -> webp(isLossless(bytes), each, codes);
            case TIFF -> tiff(type.getColorModel(), each, rows);
            case PNG, GIF -> new DecodeMemory(format, each, rows, 0, 0, 0, false);
            case BMP -> new DecodeMemory(format, each, rows + (isRunLength(bytes) ? bytes.length : 0), 0, 0, 0, false);
            case RAW, HEIC, AVIF, JXL -> throw new IllegalArgumentException("no reader of ours knows " + format);
        };
    }

    private static DecodeMemory jpeg(JpegFrame frame, long each, long rows) {
        if (frame.lossless()) {
            return new DecodeMemory(ImageFormat.JPEG, each, rows, 8.0 * frame.components(), 0, 0, false);
        }
        // Coefficients are of two bytes each and not of the heap, of which a machine has at least twice as much.
        return new DecodeMemory(
                ImageFormat.JPEG,
                each,
                rows,
                frame.buffered() ? frame.samples() : 0,
                0,
                // Colours are converted from one array to another.
                Math.max(each, frame.components()),
                false);
    }

    private static DecodeMemory webp(boolean lossless, long each, long codes) {
        if (lossless) {
            return new DecodeMemory(ImageFormat.WEBP, each, codes, 0, each, 0, false);
        }
        // Transparency is decoded before, as a whole and with four bytes for each pixel.
        return new DecodeMemory(ImageFormat.WEBP, each, codes, codes > 0 ? 4 : 0, 0, 0, true);
    }

    private static DecodeMemory tiff(ColorModel colors, long each, long rows) {
        // A JPEG inside is converted from one array to another, and wide samples are.
        return WideSamples.areReadWhole(colors)
                ? new DecodeMemory(ImageFormat.TIFF, each, rows, each, 0, RGB, false)
                : new DecodeMemory(ImageFormat.TIFF, each, rows, 0, 0, Math.max(each, RGB), false);
    }

    /** What an animation takes: its largest frame, the canvas before it and after it, and the first picture that was made of it. */
    static long of(Animation animation, Thinning thinning, long codes) {
        long most = 0;
        for (Animation.Frame frame : animation.frames()) {
            Animation.Place place = frame.place();
            DecodeMemory memory = animation.format() == ImageFormat.WEBP
                    ? new DecodeMemory(ImageFormat.WEBP, 4, codes, 4, 0, 0, true)
                    : new DecodeMemory(animation.format(), 4, 0, 0, 0, 0, false);
            most = Math.max(
                    most, memory.bytes(place.width(), place.height(), thinning.within(place.width(), place.height())));
        }
        long kept = (long) thinning.kept(animation.width()) * thinning.kept(animation.height());
        return most + kept * (4 + 4 + 2 * RGB);
    }

    long bytes(int width, int height) {
        return bytes(width, height, Thinning.of(format, width, height));
    }

    long bytes(int width, int height, Thinning thinning) {
        double pixels = (double) width * height;
        double left = (double) thinning.kept(width) * thinning.kept(height);
        double parts = pixels * (whole + (thinning.step() > 1 ? wholeIfThinned : 0));
        if (lossyWebp) {
            parts = Math.max(parts, pixels * WEBP_MODES + (width / 16.0 + 3) * WEBP_BLOCK);
        }
        return ALWAYS + always + (long) (left * (each + RGB + kept) + parts);
    }

    /** How many pixels a picture of this kind and shape may have, so that all with as many or fewer fit. */
    long pixelsThatFit(int width, int height, long memory) {
        long fit = 0;
        for (int step = 1; step <= STEPS_OF_A_SEARCH; step++) {
            double scale = (double) step / STEPS_OF_A_SEARCH;
            int across = (int) Math.max(1, width * scale);
            int down = (int) Math.max(1, height * scale);
            if (bytes(across, down) > memory) {
                break;
            }
            fit = (long) across * down;
        }
        return fit;
    }

    private static boolean isRunLength(byte[] bmp) {
        return bmp.length > 30 && (bmp[30] == 1 || bmp[30] == 2);
    }

    /** Whether a WebP, or the first frame of one, is lossless. */
    private static boolean isLossless(byte[] bytes) {
        byte[] file = Animation.of(ImageFormat.WEBP, bytes)
                .map(animation -> animation.frames().get(0).file().bytes())
                .orElse(bytes);
        long at = 12;
        while (at + 8 <= file.length) {
            int chunk = (int) at;
            String name = new String(file, chunk, 4, StandardCharsets.ISO_8859_1);
            if (name.equals("VP8L") || name.equals("VP8 ")) {
                return name.equals("VP8L");
            }
            long length = Integer.toUnsignedLong(
                    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(chunk + 4));
            at += 8 + length + (length & 1);
        }
        return false;
    }

    private static long bytesPerPixel(ImageTypeSpecifier type) {
        long bits = 0;
        for (int band = 0; band < type.getNumBands(); band++) {
            bits += type.getBitsPerBand(band);
        }
        return (bits + 7) / 8;
    }
}
