package dev.glimpse.testing;

import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Pictures for tests of the whole service. */
public final class TestPictures {
    /** The scenes of {@code scripts/demo}. */
    public static final Path SCENES = Path.of("samples");

    private TestPictures() {}

    /** A small picture; the same number is the same bytes, another number is another picture. */
    public static byte[] png(int n) {
        return TestImages.png(64, 48, n);
    }

    /** A PNG of one picture with another one of the same height to the right of it. */
    public static byte[] beside(byte[] left, byte[] right) {
        try {
            BufferedImage first = ImageIO.read(new ByteArrayInputStream(left));
            BufferedImage second = ImageIO.read(new ByteArrayInputStream(right));
            BufferedImage both = new BufferedImage(
                    first.getWidth() + second.getWidth(), first.getHeight(), BufferedImage.TYPE_INT_RGB);
            both.getRaster().setRect(first.copyData(null));
            both.getRaster().setRect(first.getWidth(), 0, second.copyData(null));
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            ImageIO.write(both, "png", png);
            return png.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of such a picture, as servers say it. */
    public static String id(int n) {
        return ImageId.of(png(n), ImageFormat.PNG).toString();
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
