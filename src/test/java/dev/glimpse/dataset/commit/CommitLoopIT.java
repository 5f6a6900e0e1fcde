package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** Commits to a real table in a folder. */
class CommitLoopIT {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    private final ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
    private ObjectStore store;
    private LanceTable table;
    private RowLedger ledger;
    private CommitLoop loop;
    private GroupCommit commits;

    @BeforeEach
    void open() throws IOException {
        thread.initialize();
        store = TestStores.folder(folder.resolve("store"));
        table = new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        folder.resolve("store/work/replica"),
                        folder.resolve("store/work/scratch"),
                        Long.MAX_VALUE,
                        TableTimings.USUAL,
                        manifests,
                        Runnable::run),
                Optional.empty(),
                10_000,
                folder.resolve("store/work/vectors"),
                new KnownModels(Rows.MODEL),
                () -> TableStamp.fresh(false),
                lost -> {});
        ledger = new RowLedger(table.snapshots().current().version());
        loop = new CommitLoop(table, ledger, thread, TableMeters.UNBOUND);
        commits =
                new GroupCommit(ledger, loop, new CommitProperties(256, Duration.ZERO), List.of(), TableMeters.UNBOUND);
    }

    @AfterEach
    void close() {
        commits.close();
        thread.shutdown();
        table.close();
        store.close();
    }

    @Test
    void commitHasHappenedThoughTheThreadThatReadsTheNewVersionTakesNoMoreTasks() {
        loop.whenNewVersion(() -> {
            throw new TaskRejectedException("closing");
        });
        PictureRow row = Rows.row(1);

        CompletableFuture<Boolean> committed = commits.add(row);

        assertThat(committed).succeedsWithin(PATIENCE).isEqualTo(true);
        assertThat(commits.failure()).isNull();
        assertThat(ledger.stateOf(row.id())).isEqualTo(PictureState.COMMITTED);
        assertThat(loop.remove(row.id())).succeedsWithin(PATIENCE).isEqualTo(true);
        assertThat(ledger.stateOf(row.id())).isEqualTo(PictureState.ABSENT);
    }
}
