package dev.glimpse.testing;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;

/** Small pictures for tests: drawn when asked for, always the same bytes for the same arguments. */
public final class TestImages {
    private TestImages() {}

    /** A different picture for each seed from 0 to 2^24. */
    public static byte[] png(int width, int height, int seed) {
        return write(drawing(width, height, seed), "png");
    }

    /** Different bytes for each seed, from 1x1 pixel on: the seed is in a comment as well. */
    public static byte[] jpeg(int width, int height, int seed) {
        return commented(write(drawing(width, height, seed), "jpeg"), "seed " + seed);
    }

    /** The same picture as another file. */
    public static byte[] commented(byte[] plain, String text) {
        byte[] comment = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(plain.length + comment.length + 4)
                .put(plain, 0, 2)
                .put((byte) 0xFF)
                .put((byte) 0xFE)
                .putShort((short) (comment.length + 2))
                .put(comment)
                .put(plain, 2, plain.length - 2)
                .array();
    }

    /** A gradient whose first pixel is exactly the seed. */
    public static BufferedImage drawing(int width, int height, int seed) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int red = (seed >> 16) + 200 * x / width;
                int green = (seed >> 8) + 200 * y / height;
                int blue = seed + 100 * (x + y) / (width + height);
                picture.setRGB(x, y, ((red & 0xFF) << 16) | ((green & 0xFF) << 8) | (blue & 0xFF));
            }
        }
        return picture;
    }

    /** As one of {@code png, jpeg, gif, bmp, tiff}. */
    public static byte[] write(BufferedImage picture, String format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(picture, format, bytes)) {
                throw new IllegalArgumentException("cannot write this picture as " + format);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A file of {@code src/test/resources/images}; {@code make.py} beside them says what they are. */
    public static byte[] file(String name) {
        return resource("/images/" + name);
    }

    /** A file of {@code src/test/resources}. */
    public static byte[] resource(String name) {
        try (InputStream in = TestImages.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalArgumentException("no such test picture: " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The pixels of a PNG in plain RGB, by the JDK alone. */
    public static byte[] rgb(byte[] png) {
        try {
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
            byte[] rgb = new byte[picture.getWidth() * picture.getHeight() * 3];
            for (int y = 0, at = 0; y < picture.getHeight(); y++) {
                for (int x = 0; x < picture.getWidth(); x++) {
                    int pixel = picture.getRGB(x, y);
                    rgb[at++] = (byte) (pixel >> 16);
                    rgb[at++] = (byte) (pixel >> 8);
                    rgb[at++] = (byte) pixel;
                }
            }
            return rgb;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The mean of red, green and blue, each 0 to 255. */
    public static List<Double> mean(BufferedImage picture) {
        long[] sums = new long[3];
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                int pixel = picture.getRGB(x, y);
                sums[0] += pixel >> 16 & 0xFF;
                sums[1] += pixel >> 8 & 0xFF;
                sums[2] += pixel & 0xFF;
            }
        }
        double count = (double) picture.getWidth() * picture.getHeight();
        return List.of(sums[0] / count, sums[1] / count, sums[2] / count);
    }

    /**
     * A PNG whose header says anything.
     *
     * @param colorType 0 grey, 2 RGB, 4 grey and alpha, 6 RGB and alpha
     * @param rows the uncompressed rows, each after its filter byte
     */
    public static byte[] rawPng(int width, int height, int depth, int colorType, byte[] rows, byte[]... chunks) {
        byte[] header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) depth)
                .put((byte) colorType)
                .array();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
        file.writeBytes(chunk("IHDR", header));
        for (byte[] chunk : chunks) {
            file.writeBytes(chunk);
        }
        file.writeBytes(chunk("IDAT", deflated(rows)));
        file.writeBytes(chunk("IEND", new byte[0]));
        return file.toByteArray();
    }

    public static byte[] chunk(String name, byte[] data) {
        byte[] nameBytes = name.getBytes(StandardCharsets.US_ASCII);
        CRC32 checksum = new CRC32();
        checksum.update(nameBytes);
        checksum.update(data);
        return ByteBuffer.allocate(12 + data.length)
                .putInt(data.length)
                .put(nameBytes)
                .put(data)
                .putInt((int) checksum.getValue())
                .array();
    }

    public static byte[] deflated(byte[] data) {
        Deflater deflater = new Deflater(9);
        try {
            deflater.setInput(data);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            while (!deflater.finished()) {
                out.write(buffer, 0, deflater.deflate(buffer));
            }
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }
}
