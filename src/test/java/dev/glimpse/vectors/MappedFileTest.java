package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Scanner;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {
    private static final int CHUNK = 1 << 12;

    /** Every write fails as on a full disk. */
    private static final Path FULL = Path.of("/dev/full");

    private static final Path DU = Path.of("/usr/bin/du");

    @TempDir
    private Path folder;

    @Test
    void chunksAreZerosAndKeepWhatIsWrittenWhileOthersCome() {
        try (MappedFile file = new MappedFile(folder, "test", CHUNK)) {
            ByteBuffer third = file.chunk(2);
            third.putLong(8, Long.MIN_VALUE + 5);
            ByteBuffer first = file.chunk(0);
            first.putInt(CHUNK - Integer.BYTES, 7);
            file.chunk(300);

            assertThat(third.getLong(8)).isEqualTo(Long.MIN_VALUE + 5);
            assertThat(third.getLong(0)).isZero();
            assertThat(file.chunk(2).getLong(8)).isEqualTo(Long.MIN_VALUE + 5);
            assertThat(file.chunk(0).getInt(CHUNK - Integer.BYTES)).isEqualTo(7);
            assertThat(file.chunk(1).getLong(CHUNK - Long.BYTES)).isZero();
        }
    }

    @Test
    void fileEndsWithTheLastChunkThatWasAskedFor() throws IOException {
        try (MappedFile file = new MappedFile(folder, "test", CHUNK)) {
            file.chunk(4);

            assertThat(Files.size(onlyFile())).isEqualTo(5 * CHUNK);
        }
    }

    /** Rows that are gone leave their numbers behind, and their chunks are not asked for. */
    @Test
    @EnabledIf("hasDu")
    void chunksThatNobodyAskedForTakeNoDiskSpace() throws Exception {
        try (MappedFile file = new MappedFile(folder, "test", CHUNK)) {
            file.chunk(1 << 14);
            file.chunk(1 << 13);

            assertThat(file.bytes()).isEqualTo(2 * CHUNK);
            Process du = new ProcessBuilder(DU.toString(), "-k", onlyFile().toString()).start();
            try (Scanner said = new Scanner(du.getInputStream(), StandardCharsets.UTF_8)) {
                assertThat(said.nextInt()).isBetween(8, 64);
            }
        }
    }

    static boolean hasDu() {
        return Files.isExecutable(DU);
    }

    @Test
    void interruptDoesNotEndAFileForAllThatComesLater() {
        try (MappedFile file = new MappedFile(folder, "test", CHUNK)) {
            Thread.currentThread().interrupt();
            file.chunk(0).put(0, (byte) 3);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(file.chunk(0).get(0)).isEqualTo((byte) 3);
            assertThat(file.chunk(1).get(0)).isZero();
        }
    }

    @Test
    void chunkCanBeReadAfterTheFileIsGone() throws IOException {
        MappedFile file = new MappedFile(folder, "test", CHUNK);
        ByteBuffer chunk = file.chunk(0).put(0, (byte) 3);

        file.close();
        file.close();

        assertThat(chunk.get(0)).isEqualTo((byte) 3);
        assertThat(files()).isEmpty();
        assertThatThrownBy(() -> file.chunk(1)).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    @EnabledIf("hasFullDisk")
    void fullDiskIsAnException() throws IOException {
        Path path = Files.createSymbolicLink(folder.resolve("test"), FULL);
        try (MappedFile full = new MappedFile(path, CHUNK)) {
            assertThatThrownBy(() -> full.chunk(0))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(path.toString())
                    .hasRootCauseMessage("No space left on device");
        }
    }

    static boolean hasFullDisk() {
        return Files.exists(FULL);
    }

    @Test
    void sizeOfChunksIsPositiveAndAMultipleOfEight() {
        assertThatThrownBy(() -> new MappedFile(folder, "test", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MappedFile(folder, "test", 12))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12");
        assertThat(folder).isEmptyDirectory();
    }

    private Path onlyFile() throws IOException {
        assertThat(files()).hasSize(1);
        return files().get(0);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
