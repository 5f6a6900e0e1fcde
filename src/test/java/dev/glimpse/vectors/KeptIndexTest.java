package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.testing.KeptFiles;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Another process goes on with the files of an index. */
class KeptIndexTest {
    private static final int PARTITIONED = 1_500;
    private static final int K = 10;
    private static final int CANDIDATES = 200;
    private static final ClusteredVectors VECTORS = ClusteredVectors.inCones(5, 60);

    @TempDir
    private Path temporary;

    private int opened;

    private Path folder() {
        return temporary.resolve("index");
    }

    private VectorIndex empty() {
        return new VectorIndex(folder(), ClusteredVectors.DIMENSION, PARTITIONED, System::nanoTime);
    }

    private static VectorIndex open(Path folder, byte[] kept) throws IOException {
        return new VectorIndex(
                folder,
                ClusteredVectors.DIMENSION,
                PARTITIONED,
                System::nanoTime,
                new KeptInput(new ByteArrayInputStream(kept), folder));
    }

    private static byte[] keep(VectorIndex index) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        index.keep(new KeptOutput(bytes));
        return bytes.toByteArray();
    }

    private static BitSet put(VectorIndex index, int from, int to) {
        for (int row = from; row < to; row++) {
            index.put(row, VECTORS.row(row));
        }
        BitSet all = new BitSet();
        all.set(0, to);
        return all;
    }

    private static List<List<Hit>> answers(VectorView view) {
        return IntStream.range(0, 10)
                .mapToObj(n -> view.nearest(VECTORS.query(n), K, CANDIDATES))
                .toList();
    }

    private static List<List<Hit>> exactAnswers(VectorView view) {
        return IntStream.range(0, 10)
                .mapToObj(n -> view.nearestExact(VECTORS.query(n), K))
                .toList();
    }

    /** 1,024 rows are needed for codes, and 1,500 for partitions. */
    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 1_400, 4_000})
    void answersAreTheSameAfterARestart(int rows) throws IOException {
        List<List<Hit>> before;
        boolean partitioned;
        byte[] kept;
        BitSet live;
        try (VectorIndex index = empty()) {
            live = put(index, 0, rows);
            index.view(live);
            await().until(() -> !index.isSettling());
            before = answers(index.view(live));
            partitioned = index.view(live).isPartitioned();
            kept = keep(index);
        }

        try (VectorIndex index = open(folder(), kept)) {
            assertThat(IntStream.range(0, rows + 1)).allMatch(row -> index.holds(row) == row < rows);
            VectorView view = index.view(live);
            assertThat(index.isSettling()).isFalse();
            assertThat(view.isPartitioned()).isEqualTo(partitioned).isEqualTo(rows >= PARTITIONED);
            assertThat(answers(view)).isEqualTo(before);
        }
    }

    /** 200 candidates are compared by their finer codes. */
    @Test
    void answersAreTheSameAfterARestartWithSeveralChunksOfCodes() throws IOException {
        BitSet live = new BitSet();
        List<List<Hit>> before;
        byte[] kept;
        try (VectorIndex index = empty()) {
            for (int row = 0; row < 1_400; row++) {
                int scattered = row % 3 * VectorIndex.CHUNK_ROWS + row;
                index.put(scattered, VECTORS.row(row));
                live.set(scattered);
            }
            before = answers(index.view(live));
            kept = keep(index);
        }

        try (VectorIndex index = open(folder(), kept)) {
            assertThat(answers(index.view(live))).isEqualTo(before);
        }
    }

    @Test
    void rowsThatComeAfterARestartAreFound() throws IOException {
        byte[] kept;
        try (VectorIndex index = empty()) {
            put(index, 0, 600);
            kept = keep(index);
        }

        try (VectorIndex index = open(folder(), kept)) {
            BitSet live = put(index, 600, 1_400);
            VectorView view = index.view(live);
            for (int row = 0; row < 1_400; row += 100) {
                assertThat(view.nearest(VECTORS.row(row), 1, CANDIDATES).get(0).rowId())
                        .isEqualTo(row);
            }
        }
    }

    /**
     * Rows come and are replaced, partitions are built, and now and then the index is kept; what is written then may not get to its place. At any
     * moment the process is killed: the files are as they are.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void killedIndexIsWholeAgainWhenWhatChangedSinceIsPutAgain(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] kept;
        BitSet changed = new BitSet();
        long[] vectors = new long[20_000];
        int rows = 200 + random.nextInt(1_500);
        try (VectorIndex index = empty()) {
            BitSet live = put(index, 0, rows);
            IntStream.range(0, rows).forEach(row -> vectors[row] = row);
            kept = keep(index);
            index.setKept();
            for (int step = 0; step < 12; step++) {
                for (int end = rows + random.nextInt(600); rows < end; rows++) {
                    vectors[rows] = rows;
                    index.put(rows, VECTORS.row(rows));
                    live.set(rows);
                    changed.set(rows);
                }
                for (int i = 0; i < 50; i++) {
                    int row = random.nextInt(rows);
                    vectors[row] = 100_000L + random.nextInt(100_000);
                    index.replace(row, VECTORS.row(vectors[row]));
                    changed.set(row);
                }
                index.view(live);
                if (random.nextBoolean()) {
                    await().until(() -> !index.isSettling());
                }
                switch (random.nextInt(4)) {
                    case 0 -> {
                        kept = keep(index);
                        index.setKept();
                        changed.clear();
                    }
                    case 1 -> keep(index);
                    default -> {}
                }
                if (step % 4 == 3) {
                    assertWholeAgain(copy(), kept, live, changed, vectors, exactAnswers(index.view(live)));
                }
            }
        }
    }

    private void assertWholeAgain(
            Path copy, byte[] kept, BitSet live, BitSet changed, long[] vectors, List<List<Hit>> expected)
            throws IOException {
        try (VectorIndex index = open(copy, kept)) {
            changed.stream().forEach(row -> index.replace(row, VECTORS.row(vectors[row])));
            VectorView view = index.view(live);
            assertThat(exactAnswers(view)).isEqualTo(expected);
            // By their codes: a wrong one would be far away.
            for (int row = live.nextSetBit(0); row >= 0; row = live.nextSetBit(row + 37)) {
                assertThat(view.nearest(VECTORS.row(vectors[row]), 1, 20).get(0).rowId())
                        .as("row %d", row)
                        .isEqualTo(row);
            }
        }
    }

    /** As they are at this moment. */
    private Path copy() throws IOException {
        Path copy = Files.createDirectory(temporary.resolve("copy" + opened++));
        try (Stream<Path> files = Files.list(folder())) {
            for (Path file : files.toList()) {
                try {
                    Files.copy(file, copy.resolve(file.getFileName()));
                } catch (NoSuchFileException e) {
                    // The thread that builds partitions has just removed a file of its own.
                }
            }
        }
        return copy;
    }

    /** The partitions have the codes of rows then that are in the file of codes for the process before. */
    @Test
    void whatIsBeingKeptDoesNoHarmToWhatIsKept() throws IOException {
        try (VectorIndex index = empty()) {
            BitSet first = put(index, 0, 1_400);
            byte[] kept = keep(index);
            index.setKept();
            index.view(put(index, 1_400, 1_600));
            await().until(() -> !index.isSettling());
            put(index, 1_600, 1_601);

            keep(index);

            try (VectorIndex other = open(copy(), kept)) {
                VectorView view = other.view(first);
                for (int row = 0; row < 1_400; row++) {
                    assertThat(view.nearest(VECTORS.row(row), 1, 20).get(0).rowId())
                            .as("row %d", row)
                            .isEqualTo(row);
                }
            }
        }
    }

    @Test
    void partitionsStayAsLongAsAnotherProcessWouldOpenThem() throws IOException {
        try (VectorIndex index = empty()) {
            BitSet live = put(index, 0, 2_000);
            index.view(live);
            await().until(() -> !index.isSettling());
            assertThat(index.hasNewPartitions()).isTrue();
            byte[] first = keep(index);
            index.setKept();
            assertThat(index.hasNewPartitions()).isFalse();
            List<List<Hit>> before = answers(index.view(live));

            index.view(put(index, 2_000, 3_000));
            await().until(() -> !index.isSettling());
            assertThat(index.hasNewPartitions()).isTrue();
            int files = files();
            keep(index);
            assertThat(files())
                    .as("what was written may never get to its place")
                    .isEqualTo(files);
            try (VectorIndex other = open(copy(), first)) {
                VectorView view = other.view(live);
                assertThat(view.isPartitioned()).isTrue();
                assertThat(answers(view)).isEqualTo(before);
            }

            index.setKept();

            assertThat(files()).isEqualTo(files - 3);
        }
    }

    @Test
    void contentOfTheFilesIsThatOfTheNumberOfTheFormat() throws IOException {
        byte[] kept;
        try (VectorIndex index = empty()) {
            index.view(put(index, 0, 2_000));
            await().until(() -> !index.isSettling());
            index.replace(3, VECTORS.row(9_000));
            index.put(2_000, VECTORS.row(2_000));
            kept = keep(index);
        }

        assertThat(KeptFiles.digest(folder(), kept))
                .as("raise Checkpoint.FORMAT, and put this here")
                .isEqualTo("f9ca0a8e690bf70e6e0390b4dcde1b6ca7664da3fdb0208dc7c1230707b8b330");
    }

    private int files() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return (int) files.count();
        }
    }

    @Test
    void filesThatAreMissingOrTooShortAreNotMapped() throws IOException {
        byte[] kept;
        try (VectorIndex index = empty()) {
            BitSet live = put(index, 0, 2_000);
            index.view(live);
            await().until(() -> !index.isSettling());
            put(index, 2_000, 2_010);
            kept = keep(index);
        }
        List<String> names;
        try (Stream<Path> files = Files.list(folder())) {
            names = files.map(file -> file.getFileName().toString()).toList();
        }
        assertThat(names).hasSize(6);
        for (String name : names) {
            Path shorter = copy();
            try (FileChannel file = FileChannel.open(shorter.resolve(name), StandardOpenOption.WRITE)) {
                // The first vectors have room for more rows.
                file.truncate(Math.min(file.size(), 2_000L * 4 * ClusteredVectors.DIMENSION) - 1);
            }
            assertThatThrownBy(() -> open(shorter, kept))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(name);
            assertThat(shorter.resolve(name)).exists();
            Path without = copy();
            Files.delete(without.resolve(name));
            assertThatThrownBy(() -> open(without, kept))
                    .isInstanceOf(NoSuchFileException.class)
                    .hasMessageContaining(name);
            assertThat(without.resolve(name)).doesNotExist();
        }
    }
}
