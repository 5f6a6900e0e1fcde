package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkingFolderTest {
    @TempDir
    Path root;

    @Test
    void folderIsMadeAndItsTemporaryFilesAreRemoved() throws Exception {
        Path data = root.resolve("new/data");
        Path kept = Files.createDirectories(data.resolve(".glimpse/replica")).resolve("kept");
        Path old = Files.createDirectories(data.resolve(".glimpse/tmp/library")).resolve("old.so");
        Path half = Files.createDirectories(WorkingFolder.temporaryPuts(data)).resolve("half");
        for (Path file : new Path[] {kept, old, half}) {
            Files.writeString(file, "x");
        }
        // Outside: only the link is removed.
        Files.createSymbolicLink(data.resolve(".glimpse/tmp/link"), kept.getParent());

        try (WorkingFolder folder = WorkingFolder.open(data)) {
            assertThat(folder.path()).isEqualTo(data.toRealPath().resolve(".glimpse"));
            assertThat(folder.temporary()).isEmptyDirectory();
            assertThat(half).doesNotExist();
            assertThat(kept).exists();
        }
    }

    @Test
    void sameProcessMayOpenItTwiceAndTheSecondRemovesNothing() throws Exception {
        try (WorkingFolder first = WorkingFolder.open(root)) {
            Path file = Files.writeString(first.temporary().resolve("in-use"), "x");

            WorkingFolder second = WorkingFolder.open(root.resolve("."));
            second.close();
            second.close();

            assertThat(second.path()).isEqualTo(first.path());
            assertThat(file).exists();
        }
    }

    @Test
    void anotherProcessMakesTheStartFailUntilItEnds() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        root.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = other.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.readLine()).startsWith("open ");

            assertThatThrownBy(() -> WorkingFolder.open(root))
                    .isInstanceOf(FolderInUseException.class)
                    .hasMessageStartingWith("Another Glimpse is running on " + root.toRealPath());
        } finally {
            other.destroyForcibly().waitFor();
        }

        // The lock died with the process.
        WorkingFolder.open(root).close();
    }

    @Test
    void folderThatCannotBeMadeIsNamed() throws Exception {
        Path file = Files.writeString(root.resolve("file"), "x");

        assertThatThrownBy(() -> WorkingFolder.open(file))
                .isInstanceOf(DataFolderException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("is a file");
    }

    /** The other process. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws Exception {
            try (WorkingFolder folder = WorkingFolder.open(Path.of(args[0]))) {
                System.out.println("open " + folder);
                System.in.read();
            }
        }
    }
}
