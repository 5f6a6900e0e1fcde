package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.testing.KeptFiles;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.KeptOutput;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Notices when files of rows, or what a checkpoint says of them, get another content than they had: then those of an earlier Glimpse must not be
 * taken over. Partitions have a test of their own, and so have words, as their files are never the same.
 */
class KeptFormatTest {
    private static final int ROWS = 1_100;

    @TempDir
    private Path folder;

    @Test
    void contentOfTheFilesIsThatOfThisNumberOfTheFormat() throws Exception {
        Random random = new Random(1);
        LoadedRows loaded = new LoadedRows();
        loaded.read(Map.of("caption", "string 7"));
        loaded.read(new Manifest.FragmentState(3, ROWS, 7, 1L << 40, List.of("a.lance", "b.lance")));
        loaded.unusable.set(5);
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        try (RowFiles files = new RowFiles(folder, Rows.MODEL.dimension())) {
            for (int row = 0; row < ROWS; row++) {
                files.put(
                        row,
                        9L * row,
                        Pictures.any(Rows.id(row).toString(), random),
                        Rows.vector(row).toArray(),
                        new Fingerprint(row, 3L * row));
                loaded.put(row);
            }
            KeptOutput out = new KeptOutput(kept);
            loaded.writeTo(out);
            files.keep(out);
        }

        assertThat(KeptFiles.digest(folder, kept.toByteArray()))
                .as("raise Checkpoint.FORMAT, and put this here")
                .isEqualTo("f31333f2dee17d13a9aaff0871eb1903a412404d3bbdefe5c4bb66881a9baadd");
        assertThat(Checkpoint.FORMAT).isEqualTo(3);
    }

    /** Formats are kept as their places. */
    @Test
    void formatsHaveTheirPlaces() {
        assertThat(RowColumns.FORMATS.stream().map(ImageFormat::name).collect(Collectors.joining(" ")))
                .as("more may come at the end; else raise Checkpoint.FORMAT")
                .startsWith("JPEG PNG GIF WEBP BMP TIFF RAW HEIC AVIF JXL");
    }
}
