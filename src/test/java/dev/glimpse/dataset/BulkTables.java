package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
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

    /** A job that ends after its commit, without having seen that this picture went just before. */
    void runUnfinished(int from, int to, int gone) {
        try (BulkTable stopped = job("stopped")) {
            List<BulkFragment> written = write(stopped, from, to);
            once(isManifestPut(), () -> {
                store.delete(Rows.row(gone).id().toString());
                deny((method, key) -> key.startsWith(ImageDataset.PICTURES), Integer.MAX_VALUE);
            });
            Committed committed = stopped.commit(written);
            bucket.clearFaults();
            assertThat(committed.unfinished()).isNotNull();
        }
    }

    /** The first such request waits until this is done. */
    void once(BiPredicate<String, String> methodAndKey, Runnable what) {
        AtomicBoolean begun = new AtomicBoolean();
        bucket.fault(Fault.DROP, 1, (method, key) -> {
            if (methodAndKey.test(method, key) && !begun.getAndSet(true)) {
                what.run();
            }
            return false;
        });
    }

    /** The next so many such requests are refused. */
    void deny(BiPredicate<String, String> methodAndKey, int times) {
        bucket.fault(Fault.ACCESS_DENIED, times, methodAndKey);
    }

    static BiPredicate<String, String> isManifestPut() {
        return (method, key) -> method.equals("PUT") && key.startsWith(ImageDataset.KEY + TableLocation.VERSIONS);
    }

    BiPredicate<String, String> isLookAt(int n) {
        return (method, key) ->
                method.equals("HEAD") && key.equals(Rows.row(n).id().toString());
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
