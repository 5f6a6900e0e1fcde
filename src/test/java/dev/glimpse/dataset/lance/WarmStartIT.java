package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server goes on with the rows that an earlier process has left, and finds what it would find if it had read all of them. */
class WarmStartIT extends WarmStarts {
    @Test
    void restartReadsNoRowThatDidNotChange() throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder())) {
            List<Object> before;
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
                assertThat(table.snapshots().rowsRead()).isEqualTo(ROWS);
                before = answers(table);
            }

            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isZero();
                assertThat(answers(table)).isEqualTo(before).isEqualTo(expected(store));
            }
            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();
                assertThat(table.snapshots().rowsRead()).isZero();
                assertThat(answers(table)).isEqualTo(before);
            }
        }
    }

    @Test
    void rowsThatCameAndWentAndChangedInBetweenAreReadAndNoOthers() throws IOException {
        Path work = newFolder();
        Random random = new Random(2);
        try (ObjectStore store = TestStores.folder(newFolder())) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, random));
                table.snapshots().refresh();
            }
            try (LanceTable other = open(store, newFolder())) {
                other.append(rows(ROWS, ROWS + 20, random));
                other.delete(List.of(Rows.id(3), Rows.id(4), Rows.id(ROWS + 1)));
                other.describe(Rows.id(7), WarmStarts::changed);
                other.describe(Rows.id(8), WarmStarts::changed);
            }

            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isEqualTo(19 + 2);
                assertThat(answers(table)).isEqualTo(expected(store));
            }
        }
    }

    /** What can be wrong with what an earlier process has left. */
    enum Damage {
        NO_CHECKPOINT,
        CHANGED_CHECKPOINT,
        SHORT_CHECKPOINT,
        NO_MARK,
        CHANGED_MARK,
        NO_FILE,
        SHORT_FILE,
        NO_WORDS
    }

    @ParameterizedTest
    @EnumSource
    void allIsReadAnewWhenWhatWasLeftIsDamaged(Damage damage) throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder())) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
            }
            int number = 0;
            for (@Nullable Path damaged = damage(damage, rowsIn(work), 0); damaged != null; ) {
                Path left = rowsIn(work);

                try (LanceTable table = open(store, work)) {
                    table.snapshots().refresh();

                    assertThat(table.snapshots().rowsRead())
                            .as("%s of %s", damage, damaged)
                            .isEqualTo(ROWS);
                    assertThat(answers(table)).isEqualTo(expected(store));
                    assertThat(left).doesNotExist();
                }
                damaged = damage == Damage.NO_FILE || damage == Damage.SHORT_FILE
                        ? damage(damage, rowsIn(work), ++number)
                        : null;
            }
        }
    }

    /** The file that was damaged; null if there are no more. */
    private static @Nullable Path damage(Damage damage, Path rows, int number) throws IOException {
        Path checkpoint = rows.resolve(Checkpoint.NAME);
        Path mark = rows.resolve(VersionMark.NAME);
        switch (damage) {
            case NO_CHECKPOINT -> Files.delete(checkpoint);
            case CHANGED_CHECKPOINT -> change(checkpoint);
            case SHORT_CHECKPOINT -> shorten(checkpoint);
            case NO_MARK -> Files.delete(mark);
            case CHANGED_MARK -> change(mark);
            case NO_FILE, SHORT_FILE -> {
                List<Path> files = data(rows);
                if (number == files.size()) {
                    return null;
                }
                if (damage == Damage.NO_FILE) {
                    Files.delete(files.get(number));
                } else {
                    shorten(files.get(number));
                }
                return files.get(number);
            }
            case NO_WORDS -> {
                try (Stream<Path> folders = Files.list(rows)) {
                    Path words = folders.filter(Files::isDirectory).findFirst().orElseThrow();
                    try (Stream<Path> files = Files.list(words)) {
                        for (Path file : files.toList()) {
                            Files.delete(file);
                        }
                    }
                }
            }
        }
        return rows;
    }

    /** Those that rows need, in an order that is the same every time. The first vectors are mapped with room for more. */
    private static List<Path> data(Path rows) throws IOException {
        try (Stream<Path> files = Files.list(rows)) {
            return files.filter(file ->
                            file.toString().endsWith(".bin") || file.toString().endsWith(".utf8"))
                    .filter(file -> file.toFile().length() > 0)
                    .sorted()
                    .toList();
        }
    }

    private static void change(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2]++;
        Files.write(file, bytes);
    }

    private static void shorten(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    }

    private static Path rowsIn(Path work) throws IOException {
        try (Stream<Path> folders = Files.list(work.resolve("vectors"))) {
            List<Path> found = folders.toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }

    @Test
    void rowsOfAnotherTableAreNotTakenForOurs() throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder());
                ObjectStore other = TestStores.folder(newFolder())) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
            }
            try (LanceTable table = open(other, newFolder())) {
                table.append(rows(10, ROWS, new Random(2)));
            }

            try (LanceTable table = open(other, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isEqualTo(ROWS - 10);
                assertThat(answers(table)).isEqualTo(expected(other));
            }
        }
    }

    /** As after a restore of a backup: the table has the same id, and its versions the same numbers. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void rowsOfAnotherHistoryOfTheTableAreNotTakenForOurs(int commits) throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        Path backup;
        try (ObjectStore store = TestStores.folder(data)) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
                table.snapshots().keepRows();
                backup = copy(data);
                table.append(rows(ROWS, ROWS + 10, new Random(2)));
                table.describe(Rows.id(7), WarmStarts::changed);
                table.snapshots().refresh();
            }
        }

        try (ObjectStore store = TestStores.folder(backup)) {
            try (LanceTable other = open(store, newFolder())) {
                for (int i = 0; i < commits; i++) {
                    other.append(rows(1_000 + 10 * i, 1_010 + 10 * i, new Random(i)));
                }
            }
            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isEqualTo(ROWS + 10L * commits);
                assertThat(answers(table)).isEqualTo(expected(store));
            }
        }
    }

    @Test
    void filesThatNoCheckpointNamesAreRemoved() throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder())) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
            }
            Path rows = rowsIn(work);
            List<Path> left = List.of(
                    Files.createFile(rows.resolve("partition-codes1.bin")),
                    Files.createDirectory(rows.resolve("words1")),
                    Files.createDirectory(work.resolve("vectors/99")),
                    Files.createFile(work.resolve("vectors/ids1.bin")));

            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isZero();
                assertThat(left).noneMatch(Files::exists);
            }
        }
    }

    @Test
    void nothingStaysOfATableThatIsGivenUp() throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder());
                LanceTable table = open(store, work)) {
            table.append(rows(0, ROWS, new Random(1)));
            table.snapshots().refresh();
            table.snapshots().keepRows();
            table.snapshots().forgetRows();
        }

        assertThat(work.resolve("vectors")).isEmptyDirectory();
    }

    /** The earlier one may still write, so its files are its own. */
    @Test
    void tableThatIsOpenedTwiceReadsItsRowsTwice() throws IOException {
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder());
                LanceTable table = open(store, work)) {
            table.append(rows(0, ROWS, new Random(1)));
            table.snapshots().refresh();
            table.snapshots().keepRows();
            List<Object> before = answers(table);

            try (LanceTable again = open(store, work)) {
                again.snapshots().refresh();

                assertThat(again.snapshots().rowsRead()).isEqualTo(ROWS);
                assertThat(answers(again)).isEqualTo(before);
            }
        }
    }
}
