package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
    @TempDir
    private Path folder;

    @Test
    void filesBeforeOneThatCannotBeOpenedAreClosedTheLastOneFirst() {
        OpenFiles files = new OpenFiles();
        List<String> closed = new ArrayList<>();
        IllegalStateException stuck = new IllegalStateException("stuck");
        files.add(() -> () -> closed.add("first"));
        files.add(() -> () -> {
            throw stuck;
        });
        files.add(() -> () -> closed.add("third"));

        assertThatThrownBy(() -> files.add(() -> {
                    throw new IllegalArgumentException("full");
                }))
                .hasMessage("full")
                .hasSuppressedException(stuck);

        assertThat(closed).containsExactly("third", "first");
    }

    /** So many numbers of a vector that a chunk of codes is too large, and that file is the last one of three. */
    @Test
    void partitionsThatCannotBeMadeLeaveNoFile() {
        assertThatThrownBy(() -> new PartitionFiles(folder, new BitSet(), 1 << 18))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a positive multiple");

        assertThat(folder).isEmptyDirectory();
    }
}
