package dev.glimpse.tools.bench;

import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.IndexJob;
import dev.glimpse.dataset.IndexKind;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.lance.BucketAccess;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.springframework.util.unit.DataSize;

/** Large tables for benchmarks, of {@link #VECTORS}. */
public final class FilledTable {
    static final ClusteredVectors VECTORS = ClusteredVectors.aroundOrigin(7, 1000);

    /** Nothing is removed and nobody asked what others do while a benchmark runs; else as a server has it. */
    static final TableSettings SETTINGS = new TableSettings(
            new CommitProperties(256, Duration.ofSeconds(2)),
            new ReplicaProperties(DataSize.ofGigabytes(20), Duration.ofSeconds(30)),
            new MaintenanceProperties(Duration.ofDays(7), 10_000, 0.95));

    /** Pages of a file have as many rows as a server's merges would write in one; Lance reads no less than a page. */
    private static final int ROWS_OF_A_COMMIT = 8_192;

    private static final Duration INDEX = Duration.ofMinutes(30);

    private FilledTable() {}

    /** Fills a new table and waits for its index. */
    public static void withIndex(ObjectStore store, Path work, ModelStamp model, int rows) throws IOException {
        fill(store, work, model, rows);
        try (ImageDataset dataset = ImageDataset.open(store, work, model, SETTINGS)) {
            awaitIndex(dataset);
        }
    }

    /** Fills a new table. */
    public static void fill(ObjectStore store, Path work, ModelStamp model, int rows) throws IOException {
        fill(store, work, model, rows, n -> Rows.row(n, new Embedding(VECTORS.row(n))));
    }

    static void fill(ObjectStore store, Path work, ModelStamp model, int rows, IntFunction<PictureRow> row)
            throws IOException {
        try (LanceTable table = open(store, work, model)) {
            for (int n = 0; n < rows; n += ROWS_OF_A_COMMIT) {
                List<PictureRow> commit = IntStream.range(n, Math.min(rows, n + ROWS_OF_A_COMMIT))
                        .parallel()
                        .mapToObj(row)
                        .toList();
                if (!table.append(commit)) {
                    throw new IllegalStateException("somebody else writes, too");
                }
            }
        }
    }

    static LanceTable open(ObjectStore store, Path work, ModelStamp model) throws IOException {
        return new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        work.resolve("replica"),
                        work.resolve("scratch"),
                        SETTINGS.replica().disk().toBytes(),
                        TableTimings.USUAL,
                        manifests,
                        Runnable::run),
                store.directAccess().map(bucket -> BucketAccess.of(bucket, ImageDataset.KEY)),
                SETTINGS.maintenance().indexRows(),
                work.resolve("vectors"),
                new KnownModels(model),
                () -> TableStamp.fresh(false),
                lost -> {});
    }

    /** Until searches look into memory, and it was measured how. */
    static void awaitCodes(ImageDataset dataset) {
        await().atMost(INDEX)
                .until(
                        () -> dataset.state().search(),
                        search -> search.mode().equals("codes") && search.recall() != null);
    }

    /** Until Lance's index has all rows, and it was measured how it is to be searched. */
    static void awaitIndex(ImageDataset dataset) {
        await().atMost(INDEX)
                .until(
                        dataset::state,
                        state -> state.maintenance().working() == null
                                && state.search().indexRecall() != null
                                && state.indices().stream().anyMatch(index -> index.unindexedRows() == 0));
    }

    /** Builds IVF_FLAT, in the place of the index that there is. */
    static void buildLists(ImageDataset dataset) {
        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        await().atMost(INDEX).until(dataset::indexJob, job -> job.state() == IndexJob.State.DONE);
    }
}
