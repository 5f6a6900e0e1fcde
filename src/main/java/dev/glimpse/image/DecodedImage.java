package dev.glimpse.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;

/** A picture's pixels: upright, RGB, white where it was transparent. Immutable, may be shared between threads. */
public final class DecodedImage {
    private static final float THUMBNAIL_QUALITY = 0.85f;

    /**
     * Pixels of the longer side up to which a JPEG has the colour of each pixel, and not one for four: a thin line or a letter would lose
     * its own. In a photograph it shows little and takes a quarter more bytes, which is much for larger ones:
     * docs/benchmarks/thumbnails.txt.
     */
    private static final int COLOR_OF_EACH_PIXEL = 256;

    private static final String JPEG_METADATA = "javax_imageio_jpeg_image_1.0";

    private final ImageFormat format;
    private final int width;
    private final int height;
    private final int storedWidth;
    private final int storedHeight;
    private final byte[] rgb;
    private final @Nullable Instant takenAt;

    /**
     * @param width of the original, upright; the stored pixels may be fewer, when a large picture was thinned out
     * @param rgb not copied: the decoder gives it away
     */
    DecodedImage(ImageFormat format, int width, int height, int storedWidth, int storedHeight, byte[] rgb) {
        this(format, width, height, storedWidth, storedHeight, rgb, null);
    }

    private DecodedImage(
            ImageFormat format,
            int width,
            int height,
            int storedWidth,
            int storedHeight,
            byte[] rgb,
            @Nullable Instant takenAt) {
        if (width < 1 || height < 1 || storedWidth < 1 || storedHeight < 1) {
            throw new IllegalArgumentException(
                    "no pixels: %dx%d, stored %dx%d".formatted(width, height, storedWidth, storedHeight));
        }
        if (rgb.length != storedWidth * storedHeight * 3) {
            throw new IllegalArgumentException(
                    "not %dx%d pixels: %d bytes".formatted(storedWidth, storedHeight, rgb.length));
        }
        this.format = format;
        this.width = width;
        this.height = height;
        this.storedWidth = storedWidth;
        this.storedHeight = storedHeight;
        this.rgb = rgb;
        this.takenAt = takenAt;
    }

    /**
     * @param orientation that the pixels were turned by
     * @param width of the original, as it lies in its file
     * @param storedWidth of the pixels before they were turned
     * @param rgb turned upright; not copied: the decoder gives it away
     */
    static DecodedImage upright(
            ImageFormat format,
            Orientation orientation,
            int width,
            int height,
            int storedWidth,
            int storedHeight,
            byte[] rgb) {
        return orientation.swapsSides()
                ? new DecodedImage(format, height, width, storedHeight, storedWidth, rgb)
                : new DecodedImage(format, width, height, storedWidth, storedHeight, rgb);
    }

    /** An image with these pixels, of a picture that came in another format. */
    DecodedImage as(ImageFormat original) {
        return new DecodedImage(original, width, height, storedWidth, storedHeight, rgb, takenAt);
    }

    /** An image with these pixels, of a picture that was taken at this time. */
    DecodedImage taken(@Nullable Instant time) {
        return new DecodedImage(format, width, height, storedWidth, storedHeight, rgb, time);
    }

    public ImageFormat format() {
        return format;
    }

    /** The width of the original in pixels, once it is upright: a photo taken sideways has its sides swapped. */
    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    /** When the picture was taken, as its EXIF block says. Null if that says nothing that can be true. */
    public @Nullable Instant takenAt() {
        return takenAt;
    }

    /** What tells this picture from others that look different, and is the same in others that look the same. */
    public Fingerprint fingerprint() {
        return Fingerprint.of(width, height, storedWidth, storedHeight, rgb);
    }

    /** The size of the pixels in memory. */
    long bytes() {
        return rgb.length;
    }

    /** Whether there is nothing to see. */
    boolean isOfOneColor() {
        return Composition.isOfOneColor(rgb);
    }

    /**
     * A copy of a part of this picture.
     *
     * @throws IllegalArgumentException if it is not all in the picture
     */
    public DecodedImage part(Region region) {
        if (!region.isWithin(width, height)) {
            throw new IllegalArgumentException(region + " is not in a picture of " + width + "x" + height);
        }
        int left = (int) ((long) region.x() * storedWidth / width);
        int top = (int) ((long) region.y() * storedHeight / height);
        int right = end(region.x() + region.width(), storedWidth, width);
        int bottom = end(region.y() + region.height(), storedHeight, height);
        int row = (right - left) * 3;
        byte[] part = new byte[row * (bottom - top)];
        for (int y = top; y < bottom; y++) {
            System.arraycopy(rgb, (y * storedWidth + left) * 3, part, (y - top) * row, row);
        }
        return new DecodedImage(format, region.width(), region.height(), right - left, bottom - top, part);
    }

    /** The first stored column or row behind this one of the original. */
    private static int end(int at, int stored, int original) {
        return (int) -Math.floorDiv(-(long) at * stored, (long) original);
    }

    /** {@link Square#ofMiddle The middle square}, of {@code side} x {@code side} pixels; bytes are red, green, blue, row by row. */
    public byte[] cropTo(int side) {
        return cropTo(Square.ofMiddle(side), () -> {});
    }

    /**
     * Makes the square that a model sees. Bytes are red, green, blue, row by row.
     *
     * @param betweenRows is called often, on the calling thread
     */
    public byte[] cropTo(Square square, Runnable betweenRows) {
        return square.of(rgb, width, height, storedWidth, storedHeight, betweenRows);
    }

    /**
     * The whole picture, so small that it fits into {@code maxSide} x {@code maxSide}. Never enlarged: a smaller picture keeps its size.
     *
     * @param format must be available
     */
    public byte[] thumbnail(int maxSide, ThumbnailFormat format) {
        return thumbnail(maxSide, format, () -> {});
    }

    /**
     * Makes a thumbnail.
     *
     * @param betweenRows is called often, on the calling thread
     * @see #thumbnail(int, ThumbnailFormat)
     */
    byte[] thumbnail(int maxSide, ThumbnailFormat format, Runnable betweenRows) {
        if (maxSide < 1) {
            throw new IllegalArgumentException("maxSide must be at least 1: " + maxSide);
        }
        // Against the stored pixels: enlarging those would only invent detail.
        double scale = Math.min(1, (double) maxSide / Math.max(storedWidth, storedHeight));
        int outWidth = (int) Math.max(1, Math.round(storedWidth * scale));
        int outHeight = (int) Math.max(1, Math.round(storedHeight * scale));
        byte[] small = Resampling.resize(
                rgb,
                new Resampling.Axis(storedWidth, outWidth, 0, outWidth),
                new Resampling.Axis(storedHeight, outHeight, 0, outHeight),
                betweenRows);
        return switch (format) {
            case JPEG -> jpeg(small, outWidth, outHeight);
            case WEBP -> WebpEncoder.encode(small, outWidth, outHeight);
        };
    }

    private static byte[] jpeg(byte[] rgb, int width, int height) {
        ImageTypeSpecifier type = ImageTypeSpecifier.createInterleaved(
                ColorSpace.getInstance(ColorSpace.CS_sRGB), new int[] {0, 1, 2}, DataBuffer.TYPE_BYTE, false, false);
        BufferedImage picture = new BufferedImage(
                type.getColorModel(),
                Raster.createWritableRaster(
                        type.getSampleModel(width, height), new DataBufferByte(rgb, rgb.length), null),
                false,
                null);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam quality = writer.getDefaultWriteParam();
            quality.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            quality.setCompressionQuality(THUMBNAIL_QUALITY);
            writer.setOutput(out);
            IIOMetadata metadata = writer.getDefaultImageMetadata(type, quality);
            if (Math.max(width, height) <= COLOR_OF_EACH_PIXEL) {
                keepColorOfEachPixel(metadata);
            }
            writer.write(null, new IIOImage(picture, null, metadata), quality);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** As brightness is sampled no finer than colour then. */
    private static void keepColorOfEachPixel(IIOMetadata metadata) throws IIOInvalidTreeException {
        Element root = (Element) metadata.getAsTree(JPEG_METADATA);
        Element brightness =
                (Element) root.getElementsByTagName("componentSpec").item(0);
        brightness.setAttribute("HsamplingFactor", "1");
        brightness.setAttribute("VsamplingFactor", "1");
        metadata.setFromTree(JPEG_METADATA, root);
    }
}
