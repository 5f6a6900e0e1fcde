package dev.glimpse.testing;

import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Pictures for tests of the whole service. */
public final class TestPictures {
    /** The scenes of {@code scripts/demo}. */
    public static final Path SCENES = Path.of("samples");

    private TestPictures() {}

    /** A small picture; the same number is the same bytes, another number is another picture. */
    public static byte[] png(int n) {
        return TestImages.png(64, 48, n);
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
