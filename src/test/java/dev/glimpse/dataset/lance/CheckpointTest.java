package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.vectors.KeptInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final long SEED = 24;
    private static final Checkpoint.Owner OWNER = owner("table", "vector", "model", 512);

    @TempDir
    private Path folder;

    private static Checkpoint.Owner owner(String table, String column, String model, int dimension) {
        return new Checkpoint.Owner(table, new VectorColumn(column, new ModelStamp("name", model, dimension)));
    }

    private void write(String text) throws IOException {
        Checkpoint.write(folder, OWNER, out -> out.writeText(text));
    }

    private String read(Checkpoint.Owner owner) throws IOException {
        try (KeptInput in = Checkpoint.open(folder, owner)) {
            return in.readText();
        }
    }

    @Test
    void lastOneCounts() throws IOException {
        assertThat(Checkpoint.isIn(folder)).isFalse();
        write("first");
        write("second");

        assertThat(Checkpoint.isIn(folder)).isTrue();
        assertThat(read(OWNER)).isEqualTo("second");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(folder.resolve(Checkpoint.NAME));
        }
    }

    @Test
    void oneThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
        write("first");

        assertThatThrownBy(() -> Checkpoint.write(folder, OWNER, out -> {
                    out.writeText("second");
                    out.flush();
                    throw new IOException("the disk is full");
                }))
                .hasMessage("the disk is full");

        assertThat(read(OWNER)).isEqualTo("first");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void oneOfAnotherOwnerIsRefused() throws IOException {
        write("ours");

        assertThatThrownBy(() -> read(owner("other", "vector", "model", 512))).hasMessageContaining("table");
        assertThatThrownBy(() -> read(owner("table", "other", "model", 512))).hasMessageContaining("column");
        assertThatThrownBy(() -> read(owner("table", "vector", "other", 512))).hasMessageContaining("model");
        assertThatThrownBy(() -> read(owner("table", "vector", "model", 511))).hasMessageContaining("511");
    }

    @Test
    void oneThatIsNotAsItWasWrittenIsRefused() throws IOException {
        write("as it was");
        byte[] whole = Files.readAllBytes(folder.resolve(Checkpoint.NAME));
        Random random = new Random(SEED);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= (byte) (1 << random.nextInt(8));
            Files.write(folder.resolve(Checkpoint.NAME), damaged);
            assertThatThrownBy(() -> read(OWNER)).as("byte %d", i).isInstanceOf(IOException.class);
        }
        for (int length = 0; length < whole.length; length++) {
            Files.write(folder.resolve(Checkpoint.NAME), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> read(OWNER)).as("%d bytes", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void versionThatWasMarkedLastCounts() throws IOException {
        try (VersionMark mark = new VersionMark(folder)) {
            mark.set(new VersionMark.Marked(7, "abc"));
            mark.set(new VersionMark.Marked(8, "def"));
        }
        try (VersionMark mark = new VersionMark(folder)) {
            assertThat(VersionMark.read(folder)).isEqualTo(new VersionMark.Marked(8, "def"));
            mark.set(new VersionMark.Marked(9, "abc"));
        }
        assertThat(VersionMark.read(folder)).isEqualTo(new VersionMark.Marked(9, "abc"));
        byte[] bytes = Files.readAllBytes(folder.resolve(VersionMark.NAME));
        for (int i = 0; i < bytes.length; i++) {
            byte[] damaged = bytes.clone();
            damaged[i]++;
            Files.write(folder.resolve(VersionMark.NAME), damaged);
            assertThatThrownBy(() -> VersionMark.read(folder)).as("byte %d", i).isInstanceOf(IOException.class);
        }
    }

    @Test
    void oneIsDueAtFirstAndWhenMuchHasChangedAndAfterSomeTime() {
        AtomicLong clock = new AtomicLong();
        CheckpointPace pace = new CheckpointPace(clock::get);
        assertThat(pace.isDue(0, 0, false)).as("no rows").isFalse();
        assertThat(pace.isDue(1, 1_000_000, false)).as("first").isTrue();
        pace.written(1);
        assertThat(pace.isDue(1, 1_000_000, true)).as("partitions").isTrue();

        pace.put(1_000_000 / CheckpointPace.SHARES);
        assertThat(pace.isDue(2, 1_000_000, false)).as("few changes").isFalse();
        pace.put(1);
        assertThat(pace.isDue(2, 1_000_000, false)).as("many changes").isTrue();
        pace.written(2);
        pace.put(1);
        assertThat(pace.isDue(3, 1_000_000, false)).isFalse();
        clock.addAndGet(CheckpointPace.INTERVAL.toNanos());
        assertThat(pace.isDue(3, 1_000_000, false)).as("some time").isTrue();
        assertThat(pace.isDue(2, 1_000_000, false)).as("nothing changed").isFalse();
    }

    @Test
    void noneIsDueAfterTheDiskHasLostSomething() {
        CheckpointPace pace = new CheckpointPace(() -> 0);
        assertThat(pace.isBehind(1, true)).isTrue();

        pace.end();

        assertThat(pace.isBehind(1, true)).isFalse();
        assertThat(pace.isDue(1, 1_000_000, true)).isFalse();
    }

    /** As of another format: such a length would take more heap than there can be. */
    @Test
    void lengthThatIsNoneTakesNoHeap() throws IOException {
        for (int length : new int[] {Integer.MAX_VALUE, -1}) {
            Checkpoint.write(folder, OWNER, out -> {
                out.writeInt(length);
                out.writeLong(0);
            });
            try (KeptInput in = Checkpoint.open(folder, OWNER)) {
                assertThatThrownBy(in::readText).isInstanceOf(Exception.class);
            }
            try (KeptInput in = Checkpoint.open(folder, OWNER)) {
                assertThatThrownBy(in::readBits).isInstanceOf(Exception.class);
            }
            try (KeptInput in = Checkpoint.open(folder, OWNER)) {
                assertThatThrownBy(in::readFloats).isInstanceOf(Exception.class);
            }
            try (KeptInput in = Checkpoint.open(folder, OWNER)) {
                assertThatThrownBy(in::readInts).isInstanceOf(Exception.class);
            }
        }
    }

    @Test
    void filesThatHaveMostlyRowsThatAreGoneAreNotTakenOver() {
        assertThat(LoadedRows.isWorn(2_000_000, 1_000_000)).isFalse();
        assertThat(LoadedRows.isWorn(2_000_001, 1_000_000)).isTrue();
        assertThat(LoadedRows.isWorn(20_000, 1)).as("so few take little room").isFalse();
        assertThat(LoadedRows.isWorn(20_001, 1)).isTrue();
    }

    @Test
    void oneThatFailedIsTriedAgainAfterSomeTime() {
        AtomicLong clock = new AtomicLong();
        CheckpointPace pace = new CheckpointPace(clock::get);
        pace.failed();
        assertThat(pace.isDue(1, 1_000_000, true)).isFalse();
        clock.addAndGet(CheckpointPace.INTERVAL.toNanos());
        assertThat(pace.isDue(1, 1_000_000, true)).isTrue();
        assertThat(pace.isBehind(1, false)).isTrue();
    }
}
