package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.image.ImageId;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bulk jobs that are stopped, that lose their lease or the version that they began with, and stores that do not answer. */
class BulkFaultsIT extends BulkTables {
    @Test
    void aRowWhosePictureIsGoneIsTakenOutByTheNextJobIfTheFirstOneIsStoppedAfterItsCommit() {
        try (ImageDataset server = server()) {
            runUnfinished(0, 10, 3);
            assertThat(store.list(BulkTable.FOLDER)).hasSize(2);
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
    void aLookAtTheRowsOfAJobBeforeThatFailsKeepsNoJobFromItsWork() {
        try (ImageDataset server = server()) {
            runUnfinished(0, 10, 3);
            try (BulkTable table = job("second")) {
                deny((method, key) -> method.equals("LIST") && key.startsWith(ImageDataset.PICTURES), 1);

                assertThat(table.left()).isEmpty();

                assertThat(table.commit(write(table, 10, 12)).rows()).isEqualTo(2);
                assertThat(store.list(BulkTable.FOLDER)).hasSize(2);
            }
            try (BulkTable table = job("third")) {
                assertThat(table.left()).isEmpty();
            }
            assertThat(ids(server)).hasSize(11).doesNotContain(Rows.row(3).id());
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
        }
    }

    @Test
    void aRowThatAServerAddsWhileOthersAreTakenOutDoesNotComeASecondTime() {
        try (ImageDataset server = server()) {
            runUnfinished(0, 10, 3);
            try (BulkTable table = job("job")) {
                // The job is about to take the row out, and loses its first attempt.
                once(isLookAt(3), () -> server.add(stored(50)).join());

                assertThat(table.left()).isEmpty();

                assertThat(table.ids().contains(Rows.row(3).id())).isFalse();
                assertThat(table.commit(write(table, 50, 52))).isEqualTo(new Committed(table.version(), 1, 1, 1, null));
            }
            List<ImageId> expected = new ArrayList<>(ids(0, 10));
            expected.remove(Rows.row(3).id());
            expected.addAll(ids(50, 52));
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void aRowIsTakenOutThoughTheVersionOfTheCommitIsNotKept() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            once(isManifestPut(), () -> store.delete(Rows.row(3).id().toString()));
            once(isLookAt(3), () -> addAndKeepOnlyTheNewest(server));

            Committed committed = table.commit(written);

            assertThat(committed).isEqualTo(new Committed(table.version(), 9, 0, 1, null));
            assertThat(ids(server)).hasSize(12).doesNotContain(Rows.row(3).id());
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
        }
    }

    private void addAndKeepOnlyTheNewest(ImageDataset server) {
        for (int n = 20; n < 23; n++) {
            server.add(stored(n)).join();
        }
        // The name of a newer one comes first.
        store.list(ImageDataset.KEY + TableLocation.VERSIONS).stream().skip(1).forEach(store::delete);
    }

    @Test
    void rowsComeInThoughTheVersionThatTheJobBeganWithIsNotKept() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            addAndKeepOnlyTheNewest(server);

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
}
