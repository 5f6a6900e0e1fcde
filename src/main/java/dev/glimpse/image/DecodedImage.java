package dev.glimpse.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/** Upright RGB pixels of a picture. Large ones are kept at a fraction of their size; see {@link ImageDecoder}. */
public final class DecodedImage {
    private static final float THUMBNAIL_QUALITY = 0.85f;

    private final ImageFormat format;
    private final int width;
    private final int height;
    private final BufferedImage pixels;

    DecodedImage(ImageFormat format, int width, int height, BufferedImage pixels) {
        this.format = format;
        this.width = width;
        this.height = height;
        this.pixels = pixels;
    }

    public ImageFormat format() {
        return format;
    }

    /** Of the original, upright. */
    public int width() {
        return width;
    }

    /** Of the original, upright. */
    public int height() {
        return height;
    }

    /**
     * The middle square as CLIP sees it: the short side is resized to {@code size}, the long one in proportion, and what
     * is beyond the square is cut off evenly.
     *
     * @return {@code uint8 [size, size, 3]}, RGB
     */
    public byte[] cropTo(int size) {
        int w = pixels.getWidth();
        int h = pixels.getHeight();
        // As the reference does: the long side is rounded down, and so is the margin.
        long scaledWidth = w <= h ? size : (long) size * w / h;
        long scaledHeight = w <= h ? (long) size * h / w : size;
        return Bicubic.resize(
                pixels, scaledWidth, scaledHeight, (scaledWidth - size) / 2, (scaledHeight - size) / 2, size, size);
    }

    /** A JPEG that fits into a square of this side; a smaller picture keeps its size. */
    public byte[] thumbnail(int maxSide) {
        int w = pixels.getWidth();
        int h = pixels.getHeight();
        double scale = Math.min(1, (double) maxSide / Math.max(w, h));
        int scaledWidth = Math.max(1, (int) Math.round(w * scale));
        int scaledHeight = Math.max(1, (int) Math.round(h * scale));
        byte[] rgb = Bicubic.resize(pixels, scaledWidth, scaledHeight, 0, 0, scaledWidth, scaledHeight);
        BufferedImage small = new BufferedImage(scaledWidth, scaledHeight, BufferedImage.TYPE_3BYTE_BGR);
        byte[] bgr = ((DataBufferByte) small.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < rgb.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 1] = rgb[i + 1];
            bgr[i + 2] = rgb[i];
        }
        return jpeg(small);
    }

    private static byte[] jpeg(BufferedImage image) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream output = ImageIO.createImageOutputStream(bytes)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(THUMBNAIL_QUALITY);
            writer.setOutput(output);
            writer.write(null, new IIOImage(image, null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to memory", e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
