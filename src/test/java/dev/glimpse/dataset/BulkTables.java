package dev.glimpse.dataset;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Bulk jobs without Spark, on a bucket of their own, with a clock that tests move. */
abstract class BulkTables {
    static final Duration LEASE = Duration.ofMinutes(2);

    @TempDir
    Path temporary;

    final TestBucket bucket = TestBucket.start();
    final ObjectStore store = bucket.open();
    final GoneMarks marks = new DeleteMarks(store);

    /** How much later it is for jobs than for all others. */
    final AtomicLong seconds = new AtomicLong();

    final Elapsed.Clocks clocks = new Elapsed.Clocks(
            () -> System.nanoTime() + seconds.get() * 1_000_000_000,
            () -> System.currentTimeMillis() + seconds.get() * 1_000);

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    BulkTable job(String name) {
        return BulkTable.open(store, temporary.resolve(name), Rows.MODEL, LEASE, marks, clocks);
    }

    ImageDataset server() {
        return ImageDataset.open(store, temporary.resolve("server"), Rows.MODEL, Rows.AT_ONCE);
    }

    /** Rows with their pictures in the store, whose bytes do not matter here. */
    List<BulkFragment> write(BulkTable table, int from, int to) {
        Iterator<PictureRow> rows =
                IntStream.range(from, to).mapToObj(this::stored).iterator();
        return new BulkWriter(store, table.base(), temporary.resolve("write")).write(rows);
    }

    PictureRow stored(int n) {
        PictureRow row = Rows.row(n);
        store.putIfAbsent(row.id().toString(), new byte[] {1}, "image/png", Map.of());
        return row;
    }

    static List<ImageId> ids(ImageDataset server) {
        server.refresh().join();
        List<ImageId> ids = new ArrayList<>();
        server.forEachId(ids::add);
        return ids;
    }

    static List<ImageId> ids(int from, int to) {
        return IntStream.range(from, to).mapToObj(n -> Rows.row(n).id()).toList();
    }
}
