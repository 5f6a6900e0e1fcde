package dev.glimpse.testing;

import java.awt.AlphaComposite;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.RescaleOp;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Other files of the same picture: what becomes of a picture on its way through mails, messengers and editors. */
public final class Variants {
    /** What a crop takes away of each side's length. */
    private static final double CROPPED = 0.03;

    private static final float BRIGHTER = 1.1f;

    private Variants() {}

    /**
     * A file of the picture.
     *
     * @param same whether it has the same pixels
     */
    @SuppressWarnings("ArrayRecordComponent") // made once, and looked at once
    public record Variant(String name, boolean same, byte[] bytes) {}

    /**
     * The picture itself and six other files of it: two with the same pixels, four that look alike.
     *
     * @param jpeg a JPEG
     * @param number decides which lossless format one of them has, and where another one is cropped
     */
    public static List<Variant> of(byte[] jpeg, int number) {
        BufferedImage picture = read(jpeg);
        return List.of(
                new Variant("original", true, jpeg),
                new Variant("other container", true, TestImages.write(picture, lossless(number))),
                new Variant(
                        "other EXIF",
                        true,
                        withExif(jpeg, TestExif.block("2024:05:06 07:08:%02d".formatted(number % 60), "+02:00"))),
                new Variant("half size", false, jpeg(scaled(picture, 0.5), 0.9f)),
                new Variant("quality 60", false, jpeg(picture, 0.6f)),
                new Variant("crop of 3 %", false, jpeg(cropped(picture, number), 0.9f)),
                new Variant("brighter PNG of 80 %", false, TestImages.write(brighter(scaled(picture, 0.8)), "png")));
    }

    private static String lossless(int number) {
        return Stream.of("png", "bmp", "tiff").toList().get(number % 3);
    }

    private static BufferedImage read(byte[] file) {
        try {
            BufferedImage read = ImageIO.read(new ByteArrayInputStream(file));
            BufferedImage plain = new BufferedImage(read.getWidth(), read.getHeight(), BufferedImage.TYPE_3BYTE_BGR);
            Graphics2D canvas = plain.createGraphics();
            canvas.drawImage(read, 0, 0, null);
            canvas.dispose();
            return plain;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same JPEG with this EXIF block in front. */
    public static byte[] withExif(byte[] jpeg, byte[] block) {
        byte[] name = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(jpeg.length + 4 + name.length + block.length)
                .put(jpeg, 0, 2)
                .putShort((short) 0xFFE1)
                .putShort((short) (2 + name.length + block.length))
                .put(name)
                .put(block)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    private static BufferedImage scaled(BufferedImage picture, double factor) {
        int width = (int) Math.round(picture.getWidth() * factor);
        int height = (int) Math.round(picture.getHeight() * factor);
        BufferedImage smaller = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        Graphics2D canvas = smaller.createGraphics();
        canvas.setComposite(AlphaComposite.Src);
        canvas.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        canvas.drawImage(picture, 0, 0, width, height, null);
        canvas.dispose();
        return smaller;
    }

    private static BufferedImage cropped(BufferedImage picture, int number) {
        SplittableRandom random = new SplittableRandom(number);
        int lessWidth = (int) Math.round(picture.getWidth() * CROPPED);
        int lessHeight = (int) Math.round(picture.getHeight() * CROPPED);
        return picture.getSubimage(
                random.nextInt(lessWidth + 1),
                random.nextInt(lessHeight + 1),
                picture.getWidth() - lessWidth,
                picture.getHeight() - lessHeight);
    }

    private static BufferedImage brighter(BufferedImage picture) {
        return new RescaleOp(BRIGHTER, 0, null).filter(picture, null);
    }

    private static byte[] jpeg(BufferedImage picture, float quality) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(quality);
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
