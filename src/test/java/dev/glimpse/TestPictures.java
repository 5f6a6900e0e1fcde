package dev.glimpse;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;

/** Pictures for tests of the whole service. */
public final class TestPictures {
    /** The scenes of {@code scripts/demo}. */
    public static final Path SCENES = Path.of("scripts/demo-scenes");

    private TestPictures() {}

    /** A small picture; the same number is the same bytes, another number is another picture. */
    public static byte[] png(int n) {
        Random random = new Random(n);
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        for (int i = 0; i < 12; i++) {
            graphics.setColor(new Color(random.nextInt(1 << 24)));
            graphics.fillOval(random.nextInt(64), random.nextInt(48), random.nextInt(40), random.nextInt(40));
        }
        graphics.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A scene of the demonstration, by its file name. */
    public static byte[] scene(String file) {
        try {
            return Files.readAllBytes(SCENES.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** File, name and query of each scene. */
    public static List<String[]> scenes() {
        try {
            return Files.readAllLines(SCENES.resolve("scenes.tsv")).stream()
                    .filter(line -> !line.startsWith("file\t") && !line.isBlank())
                    .map(line -> line.split("\t", -1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
