package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreLocation;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bulk jobs without Spark, beside a server. What Spark adds is tested in {@code spark/}. */
class BulkTableIT {
    private static final Duration LEASE = Duration.ofMinutes(2);

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final GoneMarks marks = new DeleteMarks(store);

    /** How much later it is for jobs than for all others. */
    private final AtomicLong seconds = new AtomicLong();

    private final Elapsed.Clocks clocks = new Elapsed.Clocks(
            () -> System.nanoTime() + seconds.get() * 1_000_000_000, () -> System.currentTimeMillis()
                    + seconds.get() * 1_000);

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    private BulkTable job(String name) {
        return BulkTable.open(store, temporary.resolve(name), Rows.MODEL, LEASE, marks, clocks);
    }

    private ImageDataset server() {
        return ImageDataset.open(store, temporary.resolve("server"), Rows.MODEL, Rows.AT_ONCE);
    }

    /** Rows with their pictures in the store, whose bytes do not matter here. */
    private List<BulkFragment> write(BulkTable table, int from, int to) {
        Iterator<PictureRow> rows =
                IntStream.range(from, to).mapToObj(this::stored).iterator();
        return new BulkWriter(store, table.base(), temporary.resolve("write")).write(rows);
    }

    private PictureRow stored(int n) {
        PictureRow row = Rows.row(n);
        store.putIfAbsent(row.id().toString(), new byte[] {1}, "image/png", Map.of());
        return row;
    }

    private static List<ImageId> ids(ImageDataset server) {
        server.refresh().join();
        List<ImageId> ids = new ArrayList<>();
        server.forEachId(ids::add);
        return ids;
    }

    private static List<ImageId> ids(int from, int to) {
        return IntStream.range(from, to).mapToObj(n -> Rows.row(n).id()).toList();
    }

    @Test
    void rowsOfSeveralWritersComeInWithOneCommit() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            long before = table.version();
            List<BulkFragment> written = Stream.of(write(table, 0, 300), write(table, 300, 310))
                    .flatMap(List::stream)
                    .toList();

            Committed committed = table.commit(written);

            assertThat(committed).isEqualTo(new Committed(before + 1, 310, 0, 0, null));
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 310));
            server.settled().join();
            assertThat(server.nearest(Rows.vector(305), 1, true))
                    .singleElement()
                    .satisfies(hit ->
                            assertThat(hit.id()).isEqualTo(Rows.row(305).id().toString()));
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
        }
        assertThat(store.list("lease/")).isEmpty();
    }

    @Test
    void rowsThatAServerOrAnotherWriterHasAddedAreLeftOut() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = Stream.of(write(table, 0, 20), write(table, 10, 30), write(table, 15, 18))
                    .flatMap(List::stream)
                    .toList();
            server.add(stored(5)).join();
            server.add(stored(25)).join();

            Committed committed = table.commit(written);

            assertThat(committed.rows()).isEqualTo(28);
            assertThat(committed.already()).isEqualTo(15);
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 30));
        }
    }

    @Test
    void aJobTakesOverWhatAStoppedOneHasWritten() {
        try (BulkTable stopped = job("stopped")) {
            assertThat(write(stopped, 0, 10)).hasSize(1);
        }
        store.putIfAbsent("bulk/half/of-a-file.lance", new byte[] {1}, "application/octet-stream", Map.of());
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> left = table.left();

            Committed committed = table.commit(left);

            assertThat(committed.rows()).isEqualTo(10);
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
            assertThat(table.left()).isEmpty();
        }
    }

    @Test
    void whatEndsTheRowsIsThrownAndNothingStays() {
        try (BulkTable table = job("job")) {
            Iterator<PictureRow> rows = IntStream.range(0, 1_000)
                    .mapToObj(n -> {
                        if (n == 700) {
                            throw new StoreUnavailableException("injected", null);
                        }
                        return Rows.row(n);
                    })
                    .iterator();

            assertThatThrownBy(() -> new BulkWriter(store, table.base(), temporary.resolve("write")).write(rows))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessage("injected");

            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
            assertThat(temporary.resolve("write")).doesNotExist();
        }
    }

    @Test
    void aRowWhosePictureIsGoneIsTakenOutAgain() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            store.delete(Rows.row(3).id().toString());

            Committed committed = table.commit(written);

            assertThat(committed.rows()).isEqualTo(9);
            assertThat(committed.gone()).isEqualTo(1);
            assertThat(ids(server)).hasSize(9).doesNotContain(Rows.row(3).id());
            assertThat(store.list("pending/")).isEmpty();
        }
    }

    @Test
    void aRowWhosePictureIsGoneIsTakenOutByTheNextJobIfTheFirstOneIsStoppedAfterItsCommit() {
        try (ImageDataset server = server()) {
            try (BulkTable stopped = job("stopped")) {
                List<BulkFragment> written = write(stopped, 0, 10);
                store.delete(Rows.row(3).id().toString());
                bucket.fault(Fault.ACCESS_DENIED, Integer.MAX_VALUE, (method, key) -> key.startsWith("images/"));

                Committed committed = stopped.commit(written);

                bucket.clearFaults();
                assertThat(committed.rows()).isEqualTo(10);
                assertThat(committed.unfinished()).isNotNull();
                assertThat(store.list(BulkTable.FOLDER)).hasSize(2);
            }
            assertThat(ids(server)).hasSize(10);
            try (BulkTable table = job("job")) {
                assertThat(table.left()).isEmpty();

                assertThat(table.ids().contains(Rows.row(3).id())).isFalse();
                assertThat(table.commit(List.of()).gone()).isEqualTo(1);
            }
            assertThat(ids(server)).hasSize(9).doesNotContain(Rows.row(3).id());
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
        }
    }

    @Test
    void aPictureThatComesBackWhileItsRowGoesIsLeftToAServer() throws IOException {
        ImageId back = Rows.row(1).id();
        try (BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 3);
            store.delete(Rows.row(0).id().toString());
            store.delete(back.toString());
            // Nobody has a lease in another store.
            try (ObjectStore other =
                            StoreLocation.open(temporary.resolve("other").toString(), Map.of(), "");
                    BulkLease lease = BulkLease.take(other, temporary.resolve("lease"), LEASE, Elapsed.Clocks.SYSTEM)) {
                List<ImageId> deleted = new ArrayList<>();
                PicturelessRows rows = new PicturelessRows(store, lease, marks, ids -> {
                    deleted.addAll(ids);
                    stored(1);
                    return Set.copyOf(ids);
                });

                long removed = rows.remove(written, id -> true, 3);

                assertThat(removed).isEqualTo(2);
                assertThat(deleted).containsExactlyInAnyOrder(Rows.row(0).id(), back);
            }
        }
        assertThat(store.list("pending/"))
                .singleElement()
                .asString()
                .endsWith("/delete-" + back.name());
    }

    @Test
    void rowsComeInThoughTheVersionThatTheJobBeganWithIsNotKept() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            for (int n = 20; n < 23; n++) {
                server.add(stored(n)).join();
            }
            // The name of a newer one comes first.
            store.list(ImageDataset.KEY + TableLocation.VERSIONS).stream().skip(1).forEach(store::delete);

            Committed committed = table.commit(written);

            assertThat(committed.rows()).isEqualTo(10);
            assertThat(ids(server))
                    .containsExactlyInAnyOrderElementsOf(Stream.concat(ids(0, 10).stream(), ids(20, 23).stream())
                            .toList());
        }
    }

    @Test
    void aJobFollowsTheVersionsOfTheTable() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            long before = table.version();
            server.add(stored(1)).join();

            assertThat(table.keep()).isTrue();
            assertThat(table.version()).isEqualTo(before);
            seconds.addAndGet(21);
            assertThat(table.keep()).isTrue();
            assertThat(table.version()).isEqualTo(before + 1);
        }
    }

    @Test
    void aJobThatHasLostItsLeaseCommitsAndRemovesNothing() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            store.delete(MaintenanceLease.BULK_KEY);
            store.putIfAbsent(MaintenanceLease.BULK_KEY, new byte[] {1}, "text/plain", Map.of());
            seconds.addAndGet(60);

            assertThatThrownBy(() -> table.commit(written)).isInstanceOf(TableBusyException.class);
            assertThatThrownBy(table::left).isInstanceOf(TableBusyException.class);

            assertThat(ids(server)).isEmpty();
            assertThat(store.list(BulkTable.FOLDER)).hasSize(2);
        }
        assertThat(store.list("lease/")).containsExactly(MaintenanceLease.BULK_KEY);
    }

    @Test
    void aStoreThatDoesNotAnswerForAWhileTakesTheLeaseFromNobody() {
        try (BulkTable table = job("job")) {
            bucket.fault(Fault.ACCESS_DENIED, Integer.MAX_VALUE, (method, key) -> key.startsWith("lease/"));
            seconds.addAndGet(60);
            assertThat(table.keep()).isTrue();
            bucket.clearFaults();
            assertThat(table.keep()).isTrue();

            bucket.fault(Fault.ACCESS_DENIED, Integer.MAX_VALUE, (method, key) -> key.startsWith("lease/"));
            seconds.addAndGet(100);
            assertThat(table.keep()).isFalse();
            bucket.clearFaults();
            assertThat(table.keep()).isFalse();
        }
    }

    @Test
    void whatAnotherJobWritesMeanwhileStays() {
        try (BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            store.putIfAbsent("bulk/another/rows.lance", new byte[] {1}, "application/octet-stream", Map.of());

            assertThat(table.commit(written).unfinished()).isNull();

            assertThat(store.list(BulkTable.FOLDER)).containsExactly("bulk/another/rows.lance");
        }
    }

    @Test
    void aColumnThatComesMeanwhileIsEmptyInTheRows() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            VectorColumn added = VectorColumn.added(new ModelStamp("another", "0123456789abcdef", 8));
            server.models().change(models -> models.with(added));

            Committed committed = table.commit(written);

            assertThat(committed.rows()).isEqualTo(10);
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
            assertThat(server.models().filling(added).left()).isEqualTo(10);
        }
    }

    @Test
    void rowsWithAColumnThatIsGoneAreOfNoUse() {
        VectorColumn added = VectorColumn.added(new ModelStamp("another", "0123456789abcdef", 8));
        try (ImageDataset server = server()) {
            server.models().change(models -> models.with(added));
            try (BulkTable stopped = job("stopped")) {
                List<BulkFragment> written = write(stopped, 0, 10);
                server.models().change(models -> models.with(null));

                assertThatThrownBy(() -> stopped.commit(written)).isInstanceOf(OutdatedException.class);
            }
            try (BulkTable table = job("job")) {
                assertThat(table.left()).isEmpty();
                assertThat(table.commit(write(table, 0, 10)).rows()).isEqualTo(10);
            }
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void rowsOfAColumnThatIsGoneAreNotTakenForThoseOfOneThatHasItsNumberNow() {
        VectorColumn before = VectorColumn.added(new ModelStamp("another", "0123456789abcdef", 8));
        VectorColumn now = VectorColumn.added(new ModelStamp("third", "fedcba9876543210", 8));
        try (ImageDataset server = server()) {
            server.models().change(models -> models.with(before));
            List<BulkFragment> stale;
            try (BulkTable stopped = job("stopped")) {
                stale = write(stopped, 0, 10);
                server.models().change(models -> models.with(null));
                server.models().change(models -> models.with(now));

                assertThatThrownBy(() -> stopped.commit(stale)).isInstanceOf(OutdatedException.class);
            }
            try (BulkTable table = job("job")) {
                assertThat(table.left()).isEmpty();
                List<BulkFragment> written = write(table, 0, 10);
                assertThat(written.get(0).fields()).isEqualTo(stale.get(0).fields());
                assertThat(table.commit(written).rows()).isEqualTo(10);
            }
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void aTableOfAnotherModelIsRefused() {
        server().close();

        assertThatThrownBy(() -> BulkTable.open(
                        store,
                        temporary.resolve("job"),
                        new ModelStamp("another", "0123456789abcdef", 512),
                        LEASE,
                        marks))
                .isInstanceOf(ModelMismatchException.class)
                .hasMessageContaining("another");
        assertThat(store.list("lease/")).isEmpty();
    }
}
