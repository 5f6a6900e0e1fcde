package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.BulkTable.Committed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.image.IdSet;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket.Fault;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Commits of bulk jobs, while servers commit as well and stores do not answer. */
class BulkCommitIT extends BulkTables {
    @Test
    void aCommitLeavesOutWhatAServerAddsWhileItsFilesAreCopied() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            long before = table.version();
            once(
                    (method, key) -> key.startsWith(ImageDataset.KEY + TableLocation.DATA),
                    () -> server.add(Rows.row(5)).join());

            Committed committed = table.commit(written);

            assertThat(committed).isEqualTo(new Committed(before + 2, 9, 1, 0, null));
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void aCommitThatLosesRacesComesInOnTopOfTheOthers() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = Stream.of(write(table, 0, 10), write(table, 10, 20))
                    .flatMap(List::stream)
                    .toList();
            long before = table.version();
            Iterator<Integer> others = List.of(50, 5, 51).iterator();
            AtomicBoolean racing = new AtomicBoolean();
            bucket.fault(Fault.DROP, 1, (method, key) -> {
                if (isManifestPut().test(method, key) && others.hasNext() && !racing.getAndSet(true)) {
                    server.add(stored(others.next())).join();
                    racing.set(false);
                }
                return false;
            });

            Committed committed = table.commit(written);

            assertThat(others.hasNext()).isFalse();
            assertThat(committed).isEqualTo(new Committed(before + 4, 19, 1, 0, null));
            assertThat(ids(server))
                    .containsExactlyInAnyOrderElementsOf(Stream.of(ids(0, 20), ids(50, 52))
                            .flatMap(List::stream)
                            .toList());
            // Two, and the one again that had a row of others; and three of the server.
            assertThat(bucket.count("PUT", ImageDataset.KEY + TableLocation.DATA))
                    .isEqualTo(6);
        }
    }

    @Test
    void aLookAtTheTableTellsOnlyWhichPicturesHaveComeSinceTheLastOne() throws IOException {
        try (ImageDataset server = server();
                BulkLease lease = BulkLease.take(store, temporary.resolve("lease"), LEASE, clocks);
                FollowedTable table = FollowedTable.open(store, temporary.resolve("job"), Rows.MODEL, lease, clocks)) {
            IdSet watched = new IdSet();
            ids(0, 10).forEach(watched::add);
            server.add(stored(5)).join();
            server.add(stored(50)).join();

            IdSet came = table.catchUp(watched);
            IdSet then = table.catchUp(watched);
            server.add(stored(6)).join();
            server.remove(Rows.row(50).id()).join();
            IdSet afterDelete = table.catchUp(watched);

            assertThat(came.size()).isEqualTo(1);
            assertThat(came.contains(Rows.row(5).id())).isTrue();
            assertThat(then.size()).isZero();
            // A delete lets all ids be read.
            assertThat(afterDelete.size()).isEqualTo(2);
            assertThat(table.known().contains(Rows.row(50).id())).isFalse();
        }
    }

    @Test
    void aStoreThatDoesNotAnswerForAWhileEndsNoCommit() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            bucket.resetCounts();
            deny((method, key) -> method.equals("LIST") && key.startsWith(ImageDataset.PICTURES), 1);
            deny((method, key) -> method.equals("PUT") && key.startsWith(ImageDataset.KEY + TableLocation.DATA), 1);
            deny(isManifestPut(), 1);

            Committed committed = table.commit(written);

            assertThat(bucket.count("PUT", ImageDataset.KEY + TableLocation.DATA))
                    .isEqualTo(2);
            assertThat(bucket.count("PUT", ImageDataset.KEY + TableLocation.VERSIONS))
                    .isEqualTo(2);
            assertThat(committed.rows()).isEqualTo(10);
            assertThat(committed.unfinished()).isNull();
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void aStoreThatDoesNotAnswerForLongEndsTheCommitAndTheNextJobTakesTheRowsOver() {
        try (BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            deny(
                    (method, key) -> {
                        if (isManifestPut().test(method, key)) {
                            seconds.addAndGet(400);
                            return true;
                        }
                        return false;
                    },
                    Integer.MAX_VALUE);

            assertThatThrownBy(() -> table.commit(written)).isInstanceOf(StoreUnavailableException.class);

            bucket.clearFaults();
        }
        try (BulkTable table = job("next")) {
            assertThat(table.commit(table.left()).rows()).isEqualTo(10);
        }
    }

    @Test
    void aCommitCountsThoughTheStoreDoesNotSayThatItHasIt() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            AtomicBoolean denied = loseTheAnswerOfTheCommit();

            Committed committed = table.commit(written);

            assertThat(denied).isTrue();
            assertThat(committed).isEqualTo(new Committed(table.version(), 10, 0, 0, null));
            assertThat(ids(server)).containsExactlyInAnyOrderElementsOf(ids(0, 10));
        }
    }

    @Test
    void allRowsOfACommitWhoseAnswerIsLostAreLookedAtThoughSomeAreDeletedBeforeTheNextAttempt() {
        try (ImageDataset server = server();
                BulkTable table = job("job")) {
            List<BulkFragment> written = write(table, 0, 10);
            once(isManifestPut(), () -> store.delete(Rows.row(4).id().toString()));
            AtomicBoolean denied = loseTheAnswerOfTheCommit();
            AtomicBoolean deleted = new AtomicBoolean();
            bucket.fault(Fault.DROP, 1, (method, key) -> {
                if (denied.get() && !deleted.getAndSet(true)) {
                    server.refresh().join();
                    store.delete(Rows.row(3).id().toString());
                    server.remove(Rows.row(3).id()).join();
                }
                return false;
            });

            Committed committed = table.commit(written);

            assertThat(deleted).isTrue();
            assertThat(committed.unfinished()).isNull();
            assertThat(ids(server))
                    .containsExactlyInAnyOrderElementsOf(ids(0, 10).stream()
                            .filter(id -> !id.equals(Rows.row(3).id())
                                    && !id.equals(Rows.row(4).id()))
                            .toList());
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

    /** The next manifest that is put comes in, its put is not answered, and the look whether it is there is refused: then this is true. */
    private AtomicBoolean loseTheAnswerOfTheCommit() {
        AtomicBoolean lost = new AtomicBoolean();
        bucket.fault(Fault.ANSWER_LOST, 1, (method, key) -> isManifestPut().test(method, key) && !lost.getAndSet(true));
        AtomicBoolean denied = new AtomicBoolean();
        deny(
                (method, key) -> lost.get()
                        && method.equals("GET")
                        && key.startsWith(ImageDataset.KEY + TableLocation.VERSIONS)
                        && !denied.getAndSet(true),
                1);
        return denied;
    }
}
