package dev.glimpse.spark;

import dev.glimpse.storage.ObjectStore;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;

/** Pictures that are made up: no two are alike, and the same number makes the same one. */
final class Pictures {
    private Pictures() {}

    static byte[] jpeg(int number) {
        return bytes(number, "jpg");
    }

    static byte[] png(int number) {
        return bytes(number, "png");
    }

    private static byte[] bytes(int number, String format) {
        Random random = new Random(number);
        BufferedImage image = new BufferedImage(160, 120, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        for (int i = 0; i < 12; i++) {
            canvas.setColor(new Color(random.nextInt(1 << 24)));
            canvas.fillOval(
                    random.nextInt(160) - 20,
                    random.nextInt(120) - 20,
                    20 + random.nextInt(80),
                    20 + random.nextInt(80));
        }
        canvas.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, format, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Puts pictures from one number to another, without that, below a prefix. */
    static List<byte[]> put(ObjectStore store, String prefix, int from, int to) {
        List<byte[]> all = new ArrayList<>();
        for (int i = from; i < to; i++) {
            byte[] bytes = i % 4 == 0 ? png(i) : jpeg(i);
            store.putIfAbsent(String.format("%s%05d.bin", prefix, i), bytes, "application/octet-stream", Map.of());
            all.add(bytes);
        }
        return all;
    }
}
