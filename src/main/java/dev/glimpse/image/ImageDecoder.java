package dev.glimpse.image;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.concurrent.Semaphore;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns bytes into upright RGB pixels, or refuses them by name. Whatever the bytes are, the answer comes: the size is
 * read from the header before anything is decoded. Safe to share between threads.
 */
public final class ImageDecoder {
    /** Twice the largest photograph of common cameras. */
    public static final long MAX_PIXELS = 50_000_000;

    /**
     * Above this short side every n-th pixel is read, so that at least half of it is left. On photographs the embedding
     * keeps a cosine of 0.9999 to that of the whole picture, at half the time.
     */
    private static final int ENOUGH_PIXELS = 448;

    /**
     * Pixels decoded at one time, over all threads; one picture of the largest size fits. A decoder and the RGB copy
     * need some 8 bytes a pixel.
     */
    private final Semaphore pixelsInWork;

    private final long maxPixels;

    static {
        // Else every picture would be written to a temporary file first.
        ImageIO.setUseCache(false);
    }

    public ImageDecoder(long maxPixels) {
        this.maxPixels = maxPixels;
        this.pixelsInWork = new Semaphore(Math.toIntExact(maxPixels), true);
    }

    /**
     * Decodes the first frame, turned as its EXIF orientation says, on white where it is transparent.
     *
     * @throws UnsupportedImageException if the bytes begin like no accepted format
     * @throws ImageTooLargeException if the header announces more pixels than the limit
     * @throws DamagedImageException if they cannot be decoded, or end too early
     */
    public DecodedImage decode(byte[] bytes) {
        ImageFormat format = ImageFormat.sniff(bytes).orElseThrow(() -> UnsupportedImageException.of(bytes));
        if (format == ImageFormat.WEBP) {
            requireWholeRiff(bytes);
        }
        ImageReader reader = readerOf(format);
        try (ImageInputStream input = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(input, true, false);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if ((long) width * height > maxPixels) {
                throw new ImageTooLargeException(
                        "the picture has " + width + " x " + height + " pixels; at most " + maxPixels + " are decoded");
            }
            return decode(reader, format, width, height, orientation(bytes));
        } catch (IOException | RuntimeException e) {
            if (e instanceof ImageTooLargeException || e instanceof DamagedImageException) {
                throw (RuntimeException) e;
            }
            // Readers throw all kinds of things at garbled input: indices out of bounds, negative sizes, end of file.
            throw new DamagedImageException(
                    "the file begins like " + format + " and cannot be decoded: " + reason(e), e);
        } finally {
            reader.dispose();
        }
    }

    private DecodedImage decode(ImageReader reader, ImageFormat format, int width, int height, int orientation)
            throws IOException {
        int pixels = Math.max(1, Math.toIntExact((long) width * height));
        pixelsInWork.acquireUninterruptibly(pixels);
        try {
            TruncationWarning truncation = new TruncationWarning();
            reader.addIIOReadWarningListener(truncation);
            int step = Math.max(1, Math.min(width, height) / ENOUGH_PIXELS);
            ImageReadParam param = reader.getDefaultReadParam();
            param.setSourceSubsampling(step, step, 0, 0);
            BufferedImage upright = Orientation.apply(orientation, onWhite(reader.read(0, param)));
            if (truncation.text != null) {
                throw new DamagedImageException("the " + format + " picture ends too early: " + truncation.text);
            }
            boolean turned = Orientation.swapsSides(orientation);
            return new DecodedImage(format, turned ? height : width, turned ? width : height, upright);
        } finally {
            pixelsInWork.release(pixels);
        }
    }

    private static ImageReader readerOf(ImageFormat format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByMIMEType(format.mediaType());
        if (!readers.hasNext()) {
            throw new IllegalStateException("no reader of " + format.mediaType() + " on the class path");
        }
        return readers.next();
    }

    /**
     * Drawing, unlike getRGB, keeps the stored values of grey pictures: getRGB takes grey for linear light and brightens
     * it.
     */
    private static BufferedImage onWhite(BufferedImage image) {
        BufferedImage rgb = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = rgb.createGraphics();
        try {
            graphics.drawImage(image, 0, 0, Color.WHITE, null);
        } finally {
            graphics.dispose();
        }
        return rgb;
    }

    /** The reader takes what it gets for the whole picture, but the container says how long that is. */
    private static void requireWholeRiff(byte[] bytes) {
        long announced = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4) & 0xFFFFFFFFL;
        if (announced + 8 > bytes.length) {
            throw new DamagedImageException(
                    "the WEBP picture ends too early: " + bytes.length + " of " + (announced + 8) + " bytes are there");
        }
    }

    /** 1 to 8 as in EXIF; 1, upright, where nothing or nonsense is said. */
    private static int orientation(byte[] bytes) {
        try {
            for (ExifIFD0Directory exif : ImageMetadataReader.readMetadata(new ByteArrayInputStream(bytes))
                    .getDirectoriesOfType(ExifIFD0Directory.class)) {
                Integer value = exif.getInteger(ExifDirectoryBase.TAG_ORIENTATION);
                if (value != null && value >= 1 && value <= 8) {
                    return value;
                }
            }
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            // Metadata that cannot be read says nothing; whether the picture itself can be is for the reader to say.
            return 1;
        }
        return 1;
    }

    private static String reason(Exception e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /**
     * Readers of JPEG return half a picture, grey below, and only warn. (Where nothing but the end marker is missing, the
     * picture is whole, and they warn in other words.)
     */
    private static final class TruncationWarning implements IIOReadWarningListener {
        private @Nullable String text;

        @Override
        public void warningOccurred(ImageReader source, String warning) {
            if (warning.contains("premature end")) {
                text = warning;
            }
        }
    }
}
