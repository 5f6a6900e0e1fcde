package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.Hit;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowFileTest {
    private static final Picture FULL = new Picture(
            "images/a.png",
            "s3://b/images/a.png",
            "image/png",
            1L << 40,
            640,
            480,
            Instant.parse("2026-11-26T08:00:00.123456Z"),
            "Käse \"é\" 猫.png",
            "a caption",
            List.of("one", "", "three"),
            Instant.parse("1969-12-31T23:59:59.5Z"));

    /** As a table of other software may have it. */
    private static final Picture BARE = new Picture("x", null, null, null, null, null, null, null, null, List.of());

    @TempDir
    Path folder;

    private RowFile file;

    @BeforeEach
    void open() {
        file = new RowFile(folder);
    }

    @AfterEach
    void close() {
        file.close();
    }

    @Test
    void rowsComeBackAsTheyWereInTheOrderOfTheHitsWithTheirDistances() {
        file.write(3, 1L << 40, FULL);
        file.write(70_000, 7, BARE);

        List<Neighbor> found = file.read(List.of(new Hit(70_000, 0.25f), new Hit(3, 0.5f)));

        assertThat(found).containsExactly(new Neighbor(BARE, 0.25), new Neighbor(FULL, 0.5));
        assertThat(file.version(3)).isEqualTo(1L << 40);
        assertThat(file.version(70_000)).isEqualTo(7);
    }

    @Test
    void rowsComeBackInTheOrderInWhichTheyAreAskedFor() {
        file.write(0, 1, FULL);
        file.write(1, 1, BARE);

        assertThat(file.readRows(List.of(1, 0, 1))).containsExactly(BARE, FULL, BARE);
    }

    @Test
    void rowOfAnyLengthIsReadWhole() {
        Picture rest = FULL;
        for (int length : new int[] {1000, 5000, 200_000}) {
            String caption = "é".repeat(length);
            Picture longOne = new Picture("id" + length, null, null, null, 1, 1, null, null, caption, List.of("t"));
            file.write(length, 1, longOne);
            file.write(length + 1, 1, rest);

            assertThat(file.readRows(List.of(length)).get(0).caption()).isEqualTo(caption);
        }
        assertThat(file.read(List.of(new Hit(1001, 0))).get(0).id()).isEqualTo(rest.id());
    }

    @Test
    void interruptedReaderHarmsNobody() {
        file.write(0, 1, FULL);
        for (int i = 0; i < 20; i++) {
            Thread.currentThread().interrupt();
            assertThat(file.read(List.of(new Hit(0, 0)))).hasSize(1);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void nothingIsLeftBehindAndNothingCanBeReadAfterTheEnd() {
        file.write(0, 1, FULL);
        file.read(List.of(new Hit(0, 0)));

        file.close();

        assertThat(folder).isEmptyDirectory();
        assertThatThrownBy(() -> file.read(List.of(new Hit(0, 0)))).isInstanceOf(UncheckedIOException.class);
    }
}
