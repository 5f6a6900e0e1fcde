package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreLocation;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket.Fault;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bulk jobs that are stopped, that lose their lease or the version that they began with, and stores that do not answer. */
class BulkFaultsIT extends BulkTables {
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
        assertThat(store.list("pending/")).singleElement().asString().endsWith("/delete-" + back.name());
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
            store.list(ImageDataset.KEY + TableLocation.VERSIONS).stream()
                    .skip(1)
                    .forEach(store::delete);

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
    void aCommitThatLosesTheRaceComesInOnTopOfTheOther() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            long before = table.version();
            AtomicBoolean raced = new AtomicBoolean();
            // The job has read the newest version, and copies its file into the table.
            bucket.fault(Fault.DROP, 1, (method, key) -> {
                if (key.startsWith(ImageDataset.KEY + TableLocation.DATA) && !raced.getAndSet(true)) {
                    server.add(Rows.row(5)).join();
                }
                return false;
            });

            Committed committed = table.commit(written);

            assertThat(raced).isTrue();
            assertThat(committed).isEqualTo(new Committed(before + 2, 9, 1, 0, null));
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void aCommitWhoseAnswerIsLostCounts() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            AtomicInteger lost = new AtomicInteger();
            bucket.fault(
                    Fault.ANSWER_LOST,
                    1,
                    (method, key) -> method.equals("PUT")
                            && key.startsWith(ImageDataset.KEY + TableLocation.VERSIONS)
                            && lost.incrementAndGet() == 1);

            Committed committed = table.commit(written);

            assertThat(lost).hasPositiveValue();
            assertThat(committed.rows()).isEqualTo(10);
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }
}
