package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.testing.Rows;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bulk jobs without Spark, beside a server. What Spark adds is tested in {@code spark/}. */
class BulkTableIT extends BulkTables {
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
    void aRowWhosePictureIsGoneDoesNotComeIn() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            store.delete(Rows.row(3).id().toString());

            Committed committed = table.commit(written);

            assertThat(committed.rows()).isEqualTo(9);
            assertThat(committed.gone()).isEqualTo(1);
            assertThat(ids(server)).hasSize(9).doesNotContain(Rows.row(3).id());
            assertThat(bucket.count("PUT", "pending/")).isZero();
        }
    }

    @Test
    void aRowWhosePictureGoesDuringTheCommitIsTakenOutAgain() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            once(isManifestPut(), () -> store.delete(Rows.row(3).id().toString()));

            Committed committed = table.commit(written);

            assertThat(committed).isEqualTo(new Committed(table.version(), 9, 0, 1, null));
            assertThat(ids(server)).hasSize(9).doesNotContain(Rows.row(3).id());
            assertThat(store.list("pending/")).isEmpty();
        }
    }

    @Test
    void aPictureThatIsDeletedBetweenTwoJobsGetsNoRowAgain() {
        try (ImageDataset server = server()) {
            runUnfinished(0, 10, 3);
            store.delete(Rows.row(7).id().toString());
            server.remove(Rows.row(7).id()).join();
            try (BulkTable table = job("job")) {
                List<BulkFragment> left = table.left();
                long before = table.version();

                Committed committed = table.commit(left);

                assertThat(left).hasSize(1);
                // No version had the row, not for a moment.
                assertThat(committed).isEqualTo(new Committed(before, 0, 8, 2, null));
            }
            assertThat(ids(server))
                    .hasSize(8)
                    .doesNotContain(Rows.row(3).id(), Rows.row(7).id());
            assertThat(store.list(BulkTable.FOLDER)).isEmpty();
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
