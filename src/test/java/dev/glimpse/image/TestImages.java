package dev.glimpse.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** The pictures in {@code src/test/resources/images}; Pillow wrote them. */
final class TestImages {
    static final int WIDTH = 96;
    static final int HEIGHT = 64;

    private TestImages() {}

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(Path.of("src/test/resources/images", name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The pixels of a PNG as {@code uint8 [height, width, 3]}. */
    static byte[] pixels(String png) {
        try {
            var image = ImageIO.read(new ByteArrayInputStream(bytes(png)));
            byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
            int next = 0;
            for (int y = 0; y < image.getHeight(); y++) {
                for (int x = 0; x < image.getWidth(); x++) {
                    int pixel = image.getRGB(x, y);
                    rgb[next++] = (byte) (pixel >> 16);
                    rgb[next++] = (byte) (pixel >> 8);
                    rgb[next++] = (byte) pixel;
                }
            }
            return rgb;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The mean difference of two equal-sized pixel arrays, in levels of 256. */
    static double meanDifference(byte[] a, byte[] b) {
        long sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((a[i] & 0xFF) - (b[i] & 0xFF));
        }
        return (double) sum / a.length;
    }
}
