package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.WordHit;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server goes on with the rows that an earlier process has left, and finds what it would find if it had read all of them. */
class WarmStartIT {
    private static final int ROWS = 300;
    private static final int K = 8;

    @TempDir
    Path temporary;

    private int folders;

    private Path newFolder() throws IOException {
        return Files.createDirectory(temporary.resolve("folder" + folders++));
    }

    private static LanceTable open(ObjectStore store, Path work) throws IOException {
        return new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        work.resolve("replica"),
                        work.resolve("scratch"),
                        1L << 30,
                        TableTimings.USUAL,
                        manifests,
                        Runnable::run),
                Optional.empty(),
                10_000,
                work.resolve("vectors"),
                new KnownModels(Rows.MODEL),
                () -> TableStamp.fresh(false),
                lost -> {});
    }

    private static List<PictureRow> rows(int from, int to, Random random) {
        return IntStream.range(from, to)
                .mapToObj(n -> withLook(n, Pictures.row(n, random)))
                .toList();
    }

    /** Some look the same. */
    private static PictureRow withLook(int n, PictureRow row) {
        return new PictureRow(
                row.id(),
                row.path(),
                row.vector(),
                row.bytes(),
                row.width(),
                row.height(),
                row.uploadedAt(),
                row.filename(),
                row.caption(),
                row.tags(),
                n % 3 == 0 ? null : row.uploadedAt().minusSeconds(n),
                n % 5 == 0 ? null : new Fingerprint(n / 7, n / 7));
    }

    /** What searches of all kinds find. */
    private static List<Object> answers(LanceTable table) throws IOException {
        Random random = new Random(9);
        TableReader reader = table.reader();
        List<Object> answers = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            RowFilter filter = i < 3 ? RowFilter.NONE : Pictures.filter(random);
            answers.add(reader.nearest(
                            new NearestQuery(Rows.vector(-i), K, random.nextBoolean(), filter), TableMeters.UNBOUND)
                    .neighbors());
            TableReader.Counted counted = reader.count(filter, Set.of(Rows.id(i).toString()));
            answers.add(counted.counter().facets());
            answers.add(counted.apart());
        }
        for (String text : List.of("dog", "café", "größe", "a", "nothing has this")) {
            WordQuery query = new WordQuery(
                    List.of(text), List.of(), WordQuery.Match.ANY, Rows.vector(-1), 10_000, RowFilter.NONE);
            // Their order depends on rows that are gone, too, as long as their words are still in the files.
            answers.add(reader.words(query, List.of(), Set.of()).hits().stream()
                    .sorted(Comparator.comparing(WordHit::id))
                    .toList());
        }
        answers.add(reader.newest(null, ROWS));
        LocalRows rows = Objects.requireNonNull(table.snapshots().current().rows());
        answers.add(rows.pictureBytes());
        answers.add(rows.duplicates(null, share -> {}).size());
        return answers;
    }

    /** As answered by a server that has read all rows itself. */
    private List<Object> expected(ObjectStore store) throws IOException {
        try (LanceTable cold = open(store, newFolder())) {
            cold.snapshots().refresh();
            assertThat(cold.snapshots().rowsRead()).isPositive();
            return answers(cold);
        }
    }

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
                other.describe(Rows.id(7), WarmStartIT::changed);
                other.describe(Rows.id(8), WarmStartIT::changed);
            }

            try (LanceTable table = open(store, work)) {
                table.snapshots().refresh();

                assertThat(table.snapshots().rowsRead()).isEqualTo(19 + 2);
                assertThat(answers(table)).isEqualTo(expected(store));
            }
        }
    }

    private static RowNotes changed(RowNotes notes) {
        return new RowNotes("another dog.png", "not as before", List.of("new tag", "a"), null);
    }

    /** Rows come, go and change, and are kept now and then; at some moments the process is killed, and the files are as they are. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void killedServerFindsWhatItWouldFindIfItHadReadAllRows(long seed) throws IOException {
        Random random = new Random(seed);
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(newFolder());
                LanceTable table = open(store, work)) {
            int rows = 0;
            for (int step = 0; step < 12; step++) {
                int end = rows + 1 + random.nextInt(80);
                table.append(rows(rows, end, random));
                rows = end;
                if (random.nextBoolean()) {
                    table.delete(List.of(Rows.id(random.nextInt(rows)), Rows.id(random.nextInt(rows))));
                }
                for (int i = random.nextInt(3); i > 0; i--) {
                    table.describe(Rows.id(random.nextInt(rows)), WarmStartIT::changed);
                }
                if (step == 0 || random.nextInt(4) > 0) {
                    table.snapshots().refresh();
                }
                if (step == 0 || random.nextInt(3) == 0) {
                    table.snapshots().keepRows();
                }
                if (step % 3 == 2) {
                    Path copy = copy(work);
                    try (LanceTable next = open(store, copy)) {
                        next.snapshots().refresh();
                        assertThat(next.snapshots().rowsRead()).isLessThan(rows);
                        assertThat(answers(next))
                                .as("seed %d, step %d", seed, step)
                                .isEqualTo(expected(store));
                    }
                }
            }
        }
    }

    private Path copy(Path work) throws IOException {
        Path copy = newFolder();
        try (Stream<Path> paths = Files.walk(work)) {
            for (Path path : paths.toList()) {
                Path target = copy.resolve(work.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return copy;
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
                table.describe(Rows.id(7), WarmStartIT::changed);
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
