package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.KeptOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Notices when files of rows get another content than they had: then those of an earlier Glimpse must not be taken over. The index of words is
 * left out, as its files are never the same.
 */
class KeptFormatTest {
    private static final int ROWS = 1_100;

    @TempDir
    private Path folder;

    @Test
    void contentOfTheFilesIsThatOfThisNumberOfTheFormat() throws Exception {
        Random random = new Random(1);
        try (RowFiles files = new RowFiles(folder, Rows.MODEL.dimension())) {
            for (int row = 0; row < ROWS; row++) {
                files.put(
                        row,
                        Pictures.any(Rows.id(row).toString(), random),
                        Rows.vector(row).toArray(),
                        new Fingerprint(row, 3L * row));
            }
            files.keep(new KeptOutput(OutputStream.nullOutputStream()));
        }

        assertThat(digest())
                .as("raise Checkpoint.FORMAT, and put this here")
                .isEqualTo("a007d10b672046774a4a684566621fde9f5965b47530231953a6e4d998f1b52e");
        assertThat(Checkpoint.FORMAT).isEqualTo(1);
    }

    /** Formats are kept as their places. */
    @Test
    void formatsHaveTheirPlaces() {
        assertThat(RowColumns.FORMATS.stream().map(ImageFormat::name).collect(Collectors.joining(" ")))
                .as("more may come at the end; else raise Checkpoint.FORMAT")
                .startsWith("JPEG PNG GIF WEBP BMP TIFF RAW HEIC AVIF JXL");
    }

    private String digest() throws IOException {
        List<String> each;
        try (Stream<Path> files = Files.list(folder)) {
            each = files.filter(Files::isRegularFile)
                    .map(file -> name(file) + digest(file))
                    .sorted()
                    .toList();
        }
        assertThat(each).hasSize(10);
        return HexFormat.of().formatHex(sha256(String.join(" ", each).getBytes(StandardCharsets.UTF_8)));
    }

    /** Without what makes it unique. */
    private static String name(Path file) {
        return file.getFileName().toString().replaceAll("\\d.*", "");
    }

    private static String digest(Path file) {
        try {
            return HexFormat.of().formatHex(sha256(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
