package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedIdsTest {
    @TempDir
    private Path folder;

    @Test
    void partsAreZerosOutsideTheHeapAndLeaveNoFile() {
        LongBuffer[] parts = new MappedIds(folder).allocate(3, 1000).buffers();

        parts[2].put(999, -7);

        assertThat(parts).hasSize(3).allMatch(LongBuffer::isDirect).allMatch(part -> part.capacity() == 1000);
        assertThat(parts[0].get(0)).isZero();
        assertThat(parts[2].get(999)).isEqualTo(-7);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void partsAreOnTheHeapWhereThereIsNoRoomForAFile() throws IOException {
        Path file = Files.createFile(folder.resolve("no folder"));

        LongBuffer[] parts =
                new MappedIds(file, () -> 4 * 16_000).allocate(2, 1000).buffers();

        assertThat(parts).hasSize(2).noneMatch(LongBuffer::isDirect).allMatch(part -> part.capacity() == 1000);
    }

    @Test
    void thereAreNoPartsWhereTheHeapIsNearlyFullToo() throws IOException {
        Path file = Files.createFile(folder.resolve("no folder"));

        assertThatThrownBy(() -> new MappedIds(file, () -> 4 * 16_000 - 1).allocate(2, 1000))
                .isInstanceOf(UncheckedIOException.class);
    }
}
