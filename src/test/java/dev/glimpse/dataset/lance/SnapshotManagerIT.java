package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.KnownModels;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.DiskSpace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table of two files of rows, of which the second one is damaged, so that reading all rows fails half way. */
class SnapshotManagerIT {
    private static final DiskSpace ROOMY = new DiskSpace(1L << 39, 1L << 40);
    private static final DiskSpace FULL = new DiskSpace(0, 1L << 40);

    @TempDir
    Path data;

    private final KnownModels known = new KnownModels(Rows.MODEL);

    /** What is said when the space is asked for; the last one again and again. */
    private final Deque<DiskSpace> spaces = new ArrayDeque<>(List.of(ROOMY));

    /** Whether rows were awaited, each time that the space was asked for. */
    private final List<Boolean> awaited = new ArrayList<>();

    /** What belongs into each file that is damaged. */
    private final Map<Path, byte[]> damaged = new HashMap<>();

    private ObjectStore store;
    private LanceTable table;
    private Datasets datasets;
    private SnapshotManager snapshots;

    @BeforeEach
    void open() throws IOException {
        store = TestStores.folder(data);
        table = FolderTables.open(store, data, known);
        append(0);
        Set<Path> first = files();
        append(100);
        Set<Path> second = files();
        second.removeAll(first);
        datasets = new Datasets(Optional.empty());
        snapshots = new SnapshotManager(table.replica(), datasets, data.resolve("rows"), known, () -> {
            awaited.add(snapshots != null && snapshots.areRowsAwaited());
            return spaces.size() > 1 ? spaces.remove() : spaces.element();
        });
        for (Path file : second) {
            byte[] content = Files.readAllBytes(file);
            damaged.put(file, content);
            Files.write(file, new byte[content.length]);
        }
        assertThat(damaged).isNotEmpty();
    }

    @AfterEach
    void close() {
        snapshots.close();
        datasets.close();
        table.close();
        store.close();
    }

    private void append(int from) throws IOException {
        assertThat(table.append(
                        IntStream.range(from, from + 100).mapToObj(Rows::row).toList()))
                .isTrue();
    }

    /** Files of rows. */
    private Set<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(".lance"))
                    .collect(Collectors.toSet());
        }
    }

    private void mend() throws IOException {
        for (Map.Entry<Path, byte[]> file : damaged.entrySet()) {
            Files.write(file.getKey(), file.getValue());
        }
    }

    @Test
    void rowsAreAwaitedBeforeTheFirstRefreshAndWhileOneReadsMostOfThem() throws IOException {
        assertThat(snapshots.areRowsAwaited()).isTrue();
        assertThatThrownBy(snapshots::refresh).isNotNull();
        assertThat(snapshots.areRowsAwaited()).isFalse();

        mend();
        assertThat(awaitedWhileRefreshed()).isTrue();

        append(200);
        assertThat(awaitedWhileRefreshed()).isFalse();

        for (int n = 300; n < 800; n += 100) {
            append(n);
        }
        assertThat(awaitedWhileRefreshed()).isTrue();
        assertThat(snapshots.areRowsAwaited()).isFalse();
    }

    private boolean awaitedWhileRefreshed() throws IOException {
        awaited.clear();
        snapshots.refresh();
        assertThat(awaited).isNotEmpty();
        return awaited.contains(true);
    }

    @Test
    void rowsThatWereReadStayForTheNextTryAsLongAsTheDiskHasSpace() throws IOException {
        assertThatThrownBy(snapshots::refresh).isNotNull();
        assertThat(snapshots.codeBytes()).isPositive();

        mend();
        snapshots.refresh();

        assertThat(Objects.requireNonNull(snapshots.current().rows()).vectors().size())
                .isEqualTo(200);
    }

    @Test
    void spaceIsGivenBackWhenAllRowsDoNotFitAndRowsAreReadAgainWhenTheyDo() throws IOException {
        assertThatThrownBy(snapshots::refresh).isNotNull();

        spaces.add(FULL);
        spaces.remove();
        snapshots.refresh();
        assertThat(snapshots.current().rows()).isNull();
        assertThat(snapshots.codeBytes()).isZero();

        spaces.add(ROOMY);
        spaces.remove();
        mend();
        snapshots.refresh();
        assertThat(Objects.requireNonNull(snapshots.current().rows()).vectors().size())
                .isEqualTo(200);
    }

    @Test
    void spaceIsGivenBackAtOnceWhenRowsFillTheDisk() throws IOException {
        Path rows = data.resolve("rows");
        List<Path> before = folders(rows);
        spaces.add(FULL);

        assertThatThrownBy(snapshots::refresh).isNotNull();

        assertThat(snapshots.codeBytes()).isZero();
        assertThat(snapshots.current().rows()).isNull();
        assertThat(before).hasSize(1);
        assertThat(folders(rows)).hasSize(1).doesNotContainAnyElementsOf(before);
    }

    private static List<Path> folders(Path parent) throws IOException {
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.toList();
        }
    }
}
