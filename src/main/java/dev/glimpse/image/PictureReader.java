package dev.glimpse.image;

import com.twelvemonkeys.imageio.util.ProgressListenerBase;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import org.jspecify.annotations.Nullable;

/** ImageIO's reader of one file that has one picture, and the bytes that it reads. For one thread. Whoever opens it closes it. */
final class PictureReader implements AutoCloseable {
    private final ImageFormat format;
    private final byte[] bytes;
    private final Deadline deadline;
    private final ImageReader reader;
    private final WatchedInput in;

    static {
        // A picture is in memory already: no temporary files.
        ImageIO.setUseCache(false);
    }

    private PictureReader(ImageFormat format, byte[] bytes, Deadline deadline) {
        this.format = format;
        this.bytes = bytes;
        this.deadline = deadline;
        this.reader = readerOf(format);
        this.in = new WatchedInput(bytes, deadline);
        // Metadata ignored: a few compressed kilobytes of text in a PNG would unfold to gigabytes.
        reader.setInput(in, true, true);
    }

    /**
     * Opens a file that a reader can be trusted with, see {@link ReaderInput}.
     *
     * @param bytes are not copied, and not to be changed
     * @param deadline ends each call but {@link #close} with an {@link ImageTooSlowException}
     */
    static PictureReader open(ImageFormat format, byte[] bytes, Deadline deadline) {
        return new PictureReader(format, bytes, deadline);
    }

    /** @throws IllegalStateException if this runtime has no reader of this format */
    static void requireReaderOf(ImageFormat format) {
        readerOf(format).dispose();
    }

    private static ImageReader readerOf(ImageFormat format) {
        @Nullable ImageReader found = null;
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name());
        while (readers.hasNext()) {
            ImageReader next = readers.next();
            // The JDK's own JPEG and TIFF readers get the colours of CMYK wrong.
            if (found == null || next.getClass().getName().startsWith("com.twelvemonkeys.")) {
                found = next;
            }
        }
        if (found == null) {
            throw new IllegalStateException("no reader for " + format + " on the class path");
        }
        return found;
    }

    int width() throws IOException {
        return reader.getWidth(0);
    }

    int height() throws IOException {
        return reader.getHeight(0);
    }

    /** The number of bits that all samples of one pixel take together, as the file says. */
    long bitsPerPixel() throws IOException {
        ImageTypeSpecifier type = reader.getImageTypes(0).next();
        long bits = 0;
        for (int band = 0; band < type.getNumBands(); band++) {
            bits += type.getBitsPerBand(band);
        }
        return bits;
    }

    /**
     * What {@link #read} takes.
     *
     * @param widest the width of the picture, or of a tile in it if that is wider
     * @param codes what the Huffman codes and transforms of a lossless WebP take, in bytes
     */
    DecodeMemory memory(long widest, long codes) throws IOException {
        return DecodeMemory.of(format, bytes, reader, widest, codes);
    }

    /**
     * Decodes the picture. Its size has been checked before, and the memory for it is there.
     *
     * @param trueColors whether a colour profile is followed, if the reader can do so
     * @throws DamagedImageException if the picture is cut off
     * @throws IOException or any {@link RuntimeException}, as the reader likes, if it cannot be decoded
     */
    BufferedImage read(Thinning thinning, boolean trueColors) throws IOException {
        in.becomeEndless();
        // A JPEG that is cut off within a scan decodes to grey below the cut, with no more than a warning.
        AtomicReference<@Nullable String> cutOff = new AtomicReference<>();
        reader.addIIOReadWarningListener((source, warning) -> {
            if (warning.toLowerCase(Locale.ROOT).contains("premature end")) {
                cutOff.set(warning);
            }
        });
        reader.addIIOReadProgressListener(new ProgressListenerBase() {
            @Override
            public void imageProgress(ImageReader source, float percentageDone) {
                deadline.check();
            }
        });
        ImageReadParam param = reader.getDefaultReadParam();
        thinning.applyTo(param);
        if (!trueColors) {
            keepProfile(param);
        }
        BufferedImage picture =
                format == ImageFormat.TIFF ? TiffColors.read(reader, bytes, param, deadline) : reader.read(0, param);
        if (cutOff.get() != null) {
            throw new DamagedImageException("damaged " + format + ": cut off (" + cutOff.get() + ")");
        }
        return trueColors ? picture : Pixels.withoutProfile(picture);
    }

    /** Some readers convert to standard colours unless they are asked for the picture's own. */
    private void keepProfile(ImageReadParam param) throws IOException {
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        while (types.hasNext()) {
            ImageTypeSpecifier type = types.next();
            if (Pixels.hasProfile(type.getColorModel())) {
                param.setDestinationType(type);
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        reader.dispose();
        in.close();
    }
}
