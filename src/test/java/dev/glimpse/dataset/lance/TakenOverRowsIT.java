package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.LearntModels;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.vectors.DiskSpace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.FileSystemUtils;
import org.springframework.util.unit.DataSize;

/** What becomes of the rows that an earlier process has left where they cannot be searched, or not yet. */
class TakenOverRowsIT extends WarmStarts {
    private static final DiskSpace ROOMY = new DiskSpace(1L << 39, 1L << 40);
    private static final DiskSpace FULL = new DiskSpace(0, 1L << 40);
    private static final ModelStamp OTHER = new ModelStamp("other", "e".repeat(64), 48);

    private final KnownModels known = new KnownModels(Rows.MODEL);
    private final Datasets datasets = new Datasets(Optional.empty());
    private DiskSpace space = ROOMY;
    private Path data;
    private Path kept;
    private ObjectStore store;
    private LanceTable table;

    @BeforeEach
    void leaveRows() throws IOException {
        data = newFolder();
        kept = temporary.resolve("rows");
        store = TestStores.folder(data);
        table = open(store, newFolder());
        table.append(rows(0, ROWS, new Random(1)));
        try (SnapshotManager earlier = open(known)) {
            earlier.refresh();
        }
        assertThat(folders()).hasSize(1);
    }

    @AfterEach
    void close() {
        datasets.close();
        table.close();
        store.close();
    }

    private SnapshotManager open(KnownModels models) throws IOException {
        return new SnapshotManager(table.replica(), datasets, kept, models, () -> space);
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(kept)) {
            return folders.toList();
        }
    }

    private static int size(SnapshotManager snapshots) {
        return Objects.requireNonNull(snapshots.current().rows()).vectors().size();
    }

    @Test
    void rowsThatAreOnTheDiskNeedNoSpaceAgain() throws IOException {
        space = FULL;
        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();

            assertThat(size(snapshots)).isEqualTo(ROWS);
            assertThat(snapshots.rowsRead()).isZero();
        }
    }

    @Test
    void spaceOfRowsIsGivenBackThatCannotBeSearchedAsOthersDoNotFit() throws IOException {
        List<Path> left = folders();
        table.append(rows(ROWS, ROWS + 10, new Random(2)));
        space = FULL;
        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();
            assertThat(snapshots.current().rows()).isNull();
            assertThat(snapshots.codeBytes()).isZero();
            assertThat(folders()).doesNotContainAnyElementsOf(left);

            space = ROOMY;
            snapshots.refresh();
            assertThat(size(snapshots)).isEqualTo(ROWS + 10);
        }
    }

    @Test
    void rowsAreReadAnewIfTheFirstUseShowsThatTheirFilesAreDamaged() throws IOException {
        List<Path> left = folders();
        table.append(rows(ROWS, ROWS + 10, new Random(2)));
        try (SnapshotManager snapshots = open(known)) {
            try (Stream<Path> inside = Files.list(left.get(0))) {
                for (Path words : inside.filter(Files::isDirectory).toList()) {
                    FileSystemUtils.deleteRecursively(words);
                }
            }

            snapshots.refresh();

            assertThat(size(snapshots)).isEqualTo(ROWS + 10);
            assertThat(snapshots.rowsRead()).isEqualTo(ROWS + 10);
            assertThat(folders()).hasSize(1).doesNotContainAnyElementsOf(left);
        }
    }

    private void nextStartReadsTheNewRowsAlone() throws IOException {
        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();

            assertThat(snapshots.rowsRead()).isEqualTo(10);
            assertThat(size(snapshots)).isEqualTo(ROWS + 10);
        }
    }

    /** Begins with other rows, as the store does not say now whether those that were left are of this table. */
    private SnapshotManager openBesideThem() throws IOException {
        Path manifest = data.resolve("vectors/images.lance/_versions")
                .resolve(ManifestName.of(VersionMark.read(folders().get(0)).version()));
        table.append(rows(ROWS, ROWS + 10, new Random(2)));
        Path moved = Files.move(manifest, temporary.resolve("manifest"));
        Files.createDirectory(manifest);
        try {
            return open(known);
        } finally {
            Files.delete(manifest);
            Files.move(moved, manifest);
        }
    }

    @Test
    void rowsStayIfItCannotBeToldNowWhetherTheyAreOfThisTable() throws IOException {
        List<Path> left = folders();
        try (SnapshotManager snapshots = openBesideThem()) {
            assertThat(folders()).hasSize(2).containsAll(left);
            assertThat(snapshots.rowsRead()).isZero();
        }

        nextStartReadsTheNewRowsAlone();
    }

    @Test
    void rowsOfTheNewestVersionAreTakenOverIfThereAreSeveral() throws IOException {
        List<Path> left = folders();
        try (SnapshotManager snapshots = openBesideThem()) {
            snapshots.refresh();
            assertThat(snapshots.rowsRead()).isEqualTo(ROWS + 10);
        }
        assertThat(folders()).hasSize(2);

        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();

            assertThat(snapshots.rowsRead()).isZero();
            assertThat(folders()).hasSize(1).doesNotContainAnyElementsOf(left);
        }
    }

    /** As in a table that is given up and cannot be closed: its files stay. */
    @Test
    void rowsThatAreForgottenAreNotTakenOverThoughTheirFilesStay() throws IOException {
        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();
            assertThat(checkpoints(kept)).hasSize(1);

            snapshots.forgetRows();

            assertThat(checkpoints(kept)).isEmpty();
            table.append(rows(ROWS, ROWS + 10, new Random(2)));
            snapshots.refresh();
            snapshots.keepRowsIfDue();
            assertThat(checkpoints(kept)).isEmpty();
        }
        assertThat(kept).isEmptyDirectory();
    }

    @Test
    void startThatIsEndedLeavesTheRowsToTheNextOne() throws IOException {
        List<Path> left = folders();
        table.append(rows(ROWS, ROWS + 10, new Random(2)));
        try (SnapshotManager snapshots = open(known)) {
            snapshots.end();

            assertThatThrownBy(snapshots::refresh).isInstanceOf(TableBusyException.class);
        }
        assertThat(folders()).isEqualTo(left);

        nextStartReadsTheNewRowsAlone();
    }

    /** As after a migration, until the server is started with the new model: it loads both, one after the other. */
    @Test
    void rowsOfTheModelThatTheTableUsesAreTakenOverAsSoonAsTheServerKnowsIt() throws IOException {
        table.changeModels(models -> models.with(VectorColumn.added(OTHER)));
        table.changeModels(TableModels::switched);
        KnownModels both = new KnownModels(Rows.MODEL);
        LearntModels.add(both, OTHER);
        try (SnapshotManager earlier = open(both)) {
            earlier.refresh();
            assertThat(earlier.rowsRead()).isEqualTo(ROWS);
        }
        assertThat(folders()).hasSize(1);

        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();
            assertThat(snapshots.rowsRead()).isEqualTo(ROWS);
            assertThat(folders()).hasSize(2);

            LearntModels.add(known, OTHER);
            snapshots.refresh();

            assertThat(snapshots.rowsRead()).isZero();
            assertThat(snapshots.current().manifest().served().model()).isEqualTo(OTHER);
            assertThat(snapshots.current().rows()).isNotNull();
        }
        assertThat(folders()).hasSize(1);
    }

    @Test
    void rowsOfTheOtherModelStayWhenTheirFirstUseIsEnded() throws IOException {
        table.changeModels(models -> models.with(VectorColumn.added(OTHER)));
        table.changeModels(TableModels::switched);
        KnownModels both = new KnownModels(Rows.MODEL);
        LearntModels.add(both, OTHER);
        try (SnapshotManager earlier = open(both)) {
            earlier.refresh();
        }
        table.append(rows(ROWS, ROWS + 10, new Random(2)));
        try (SnapshotManager snapshots = open(known)) {
            snapshots.refresh();
            LearntModels.add(known, OTHER);
            snapshots.end();

            assertThatThrownBy(snapshots::refresh).isInstanceOf(TableBusyException.class);
        }

        try (SnapshotManager snapshots = open(both)) {
            snapshots.refresh();

            assertThat(snapshots.current().manifest().served().model()).isEqualTo(OTHER);
            assertThat(snapshots.rowsRead()).isEqualTo(10);
        }
    }

    @Test
    void rowsOfATableThatIsNotCopiedAnyMoreAreRemoved() throws IOException {
        Path work = newFolder();
        TableSettings small = new TableSettings(
                Rows.AT_ONCE.commit(),
                new ReplicaProperties(DataSize.ofBytes(1), Duration.ofSeconds(30)),
                Rows.AT_ONCE.maintenance());
        try (TestBucket bucket = TestBucket.start();
                ObjectStore remote = bucket.open()) {
            try (ImageDataset server = ImageDataset.open(remote, work, Rows.MODEL, Rows.AT_ONCE)) {
                server.add(Rows.row(1)).join();
                server.settled().join();
            }
            assertThat(checkpoints(work)).hasSize(1);

            try (ImageDataset server = ImageDataset.open(remote, work, Rows.MODEL, small)) {
                server.settled().join();
                assertThat(checkpoints(work)).isEmpty();
            }
        }
    }

    private static List<Path> checkpoints(Path work) throws IOException {
        try (Stream<Path> files = Files.walk(work)) {
            return files.filter(file -> file.endsWith(Checkpoint.NAME)).toList();
        }
    }
}
