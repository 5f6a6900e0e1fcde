package dev.glimpse.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.springframework.util.FileSystemUtils;

/**
 * A folder with two models: the demonstration model, and one whose image encoder sees the whole of a picture, between white bars. So the vectors
 * of pictures that are not square differ, and those of texts do not.
 */
public final class TwoModels {
    /** The first one: its name and its folder's. */
    public static final String FIRST = "mini-clip";

    /** The folder of the second one. */
    public static final String OTHER_FOLDER = "other";

    /** The name of the second one. */
    public static final String OTHER = "other-clip";

    private TwoModels() {}

    /** Makes both below this folder. */
    public static void in(Path models) throws IOException {
        Path first = Path.of("models/mini-clip");
        FileSystemUtils.copyRecursively(first, models.resolve(FIRST));
        Path other = models.resolve(OTHER_FOLDER);
        FileSystemUtils.copyRecursively(first, other);
        Files.move(other.resolve("image-encoder.pt"), other.resolve("whole-image-encoder.pt"));
        StringBuilder lines = new StringBuilder();
        for (String file : List.of("whole-image-encoder.pt", "text-encoder.pt", "tokenizer.json")) {
            lines.append(Client.sha256(Files.readAllBytes(other.resolve(file))))
                    .append("  ")
                    .append(file)
                    .append('\n');
        }
        String fingerprint = Client.sha256(lines.toString().getBytes(StandardCharsets.UTF_8));
        String json = Files.readString(other.resolve("model.json"))
                .replace("\"name\": \"mini-clip\"", "\"name\": \"" + OTHER + "\"")
                .replace("\"file\": \"image-encoder.pt\"", "\"file\": \"whole-image-encoder.pt\"")
                .replace("\"resize\": \"short_side\"", "\"resize\": \"long_side\", \"fill\": 255")
                .replaceAll("\"fingerprint\": \"[0-9a-f]+\"", "\"fingerprint\": \"" + fingerprint + "\"")
                .replaceAll("\"tableFingerprint\": \"[0-9a-f]+\"", "\"tableFingerprint\": null");
        Files.writeString(other.resolve("model.json"), json);
    }
}
