package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class BucketImageDatasetIT extends ImageDatasetContract {
    private final TestBucket bucket = TestBucket.start();

    @Override
    ObjectStore newStore() {
        return bucket.open();
    }

    @AfterEach
    void stopBucket() {
        bucket.close();
    }

    @Test
    void commitCostsThreeClassARequestsAndALookAtItsBaseWhateverTheTableHolds() {
        add(0, 1);
        bucket.resetCounts();
        dataset.add(Rows.row(1)).join();
        long early = bucket.count(TestBucket.RequestClass.A);
        add(2, 300);
        bucket.resetCounts();

        dataset.add(Rows.row(300)).join();

        assertThat(early).isEqualTo(3);
        assertThat(bucket.count(TestBucket.RequestClass.A)).isEqualTo(3);
        assertThat(bucket.count(TestBucket.RequestClass.B)).isEqualTo(1);
    }

    @Test
    void searchesAndRepeatedAddsAskTheBucketNothing() {
        add(0, 50);
        bucket.resetCounts();

        dataset.nearest(Rows.vector(3), 10, false);
        dataset.add(Rows.row(3)).join();
        dataset.state();

        assertThat(bucket.requests()).isEmpty();
    }

    @Test
    void replicaLostIsFetchedAgain() throws Exception {
        add(0, 30);
        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        awaitIndex();
        dataset.close();
        org.springframework.util.FileSystemUtils.deleteRecursively(work(1));

        reopen();

        assertThat(dataset.state().committedRows()).isEqualTo(30);
        assertThat(dataset.state().indices()).hasSize(1);
        assertThat(dataset.nearest(Rows.vector(4), 1, false).get(0).id())
                .isEqualTo(Rows.id(4).toString());
    }

    @Test
    void newestVersionIsFoundInAListingWithoutOrder() throws Exception {
        bucket.directoryListings(3);
        for (int n = 0; n < 12; n++) {
            add(n, n + 1);
        }
        dataset.close();
        org.springframework.util.FileSystemUtils.deleteRecursively(work(1));

        reopen();

        assertThat(dataset.state().committedRows()).isEqualTo(12);
    }

    @Test
    void rowsAreFoundAndWaitWhileTheBucketIsDownAndAreCommittedWhenItIsBack() {
        add(0, 5);
        bucket.down();

        CompletableFuture<Boolean> added = dataset.add(Rows.row(9));

        assertThat(dataset.stateOf(Rows.id(9)).isShown()).isTrue();
        for (int n : new int[] {3, 9}) {
            assertThat(dataset.nearest(Rows.vector(n), 1, false).get(0).id())
                    .isEqualTo(Rows.id(n).toString());
        }
        assertThat(dataset.state().pendingRows()).isEqualTo(1);
        bucket.clearFaults();
        assertThat(added.join()).isTrue();
        assertThat(dataset.state().committedRows()).isEqualTo(6);
        assertThat(dataset.state().pendingRows()).isZero();
    }

    @Test
    void commitWhoseAnswerIsLostIsCommittedOnce() {
        add(0, 5);
        bucket.fault(TestBucket.Fault.ANSWER_LOST, 1, (method, key) -> key.endsWith(".manifest"));

        assertThat(dataset.add(Rows.row(9)).join()).isTrue();

        assertThat(dataset.add(Rows.row(10)).join()).isTrue();
        reopen();
        assertThat(dataset.state().committedRows()).isEqualTo(7);
    }

    private ImageDataset other(int n, Duration poll) {
        return ImageDataset.open(store, work(n), Rows.MODEL, Rows.settings(poll, 10_000));
    }

    @Test
    void whatOthersCommitAndRemoveIsSeenWithinThePollInterval() {
        add(0, 5);
        try (ImageDataset other = other(2, Duration.ofMillis(100))) {
            add(5, 10);
            dataset.remove(Rows.id(2)).join();

            await().until(() -> other.stateOf(Rows.id(9)).isShown()
                    && !other.stateOf(Rows.id(2)).isShown());
            await().until(() -> other.nearest(Rows.vector(2), 10, true).size() == 9);
            assertThat(other.nearest(Rows.vector(9), 1, true).get(0).id())
                    .isEqualTo(Rows.id(9).toString());
            assertThat(other.freshness().stale()).isFalse();
        }
    }

    @Test
    void pollCostsOneReadAndNoListing() {
        add(0, 5);
        try (ImageDataset other = other(2, Duration.ofMillis(100))) {
            await().until(() -> other.state().reading() == TableState.Reading.LOCAL);
            bucket.resetCounts();

            await().until(() -> bucket.count("HEAD", "vectors/") >= 5);

            assertThat(bucket.count(TestBucket.RequestClass.A)).isZero();
            assertThat(bucket.count("GET", "")).isZero();
            assertThat(other.stateOf(Rows.id(4)).isShown()).isTrue();
        }
    }

    @Test
    void ownRowsAreNeverMissingAndNeverTwiceWhileTheyMoveFromMemoryIntoTheTable() {
        List<CompletableFuture<Boolean>> added = new ArrayList<>();
        for (int n = 0; n < 150; n++) {
            added.add(dataset.add(Rows.row(n)));

            List<Neighbor> found = dataset.nearest(Rows.vector(0), 1000, true);

            assertThat(found).extracting(Neighbor::id).hasSize(n + 1).doesNotHaveDuplicates();
        }
        assertThat(added).allMatch(CompletableFuture::join);
    }

    @Test
    void tableThatIsNotCopiedIsSearchedAndChangedInTheBucket() {
        add(0, 30);
        TableSettings noCopy = new TableSettings(
                Rows.AT_ONCE.commit(),
                new ReplicaProperties(DataSize.ofBytes(0), Duration.ofSeconds(30)),
                Rows.AT_ONCE.maintenance());
        try (ImageDataset other = ImageDataset.open(store, work(2), Rows.MODEL, noCopy)) {
            assertThat(other.add(Rows.row(30)).join()).isTrue();
            assertThat(other.remove(Rows.id(4)).join()).isTrue();

            assertThat(other.state().reading()).isEqualTo(TableState.Reading.BUCKET);
            assertThat(other.nearest(Rows.vector(4), 100, true))
                    .extracting(Neighbor::id)
                    .hasSize(30)
                    .doesNotContain(Rows.id(4).toString())
                    .contains(Rows.id(30).toString());
            assertThat(work(2).resolve("replica/vectors/images.lance/data")).doesNotExist();
        }
        dataset.refresh().join();
        assertThat(dataset.state().committedRows()).isEqualTo(30);
    }

    @Test
    void searchesGoOnFromTheBucketWhileFilesAreOnTheirWay() {
        add(0, 30);
        bucket.fault(TestBucket.Fault.HANG, 1, (method, key) -> method.equals("GET") && key.endsWith(".lance"));
        try (ImageDataset other = other(2, Duration.ofSeconds(30))) {
            assertThat(other.state().reading()).isEqualTo(TableState.Reading.BUCKET);
            bucket.clearFaults();

            assertThat(other.nearest(Rows.vector(3), 1, false).get(0).id())
                    .isEqualTo(Rows.id(3).toString());

            await().until(() -> other.state().reading() == TableState.Reading.LOCAL);
            bucket.resetCounts();
            assertThat(other.nearest(Rows.vector(3), 1, false).get(0).id())
                    .isEqualTo(Rows.id(3).toString());
            assertThat(bucket.requests()).isEmpty();
        }
    }

    @Test
    void filesThatVanishFromTheDiskAreFetchedAgainWithoutAFailedSearch() throws Exception {
        add(0, 30);
        await().until(() -> dataset.nearest(Rows.vector(1), 1, true).size() == 1);

        org.springframework.util.FileSystemUtils.deleteRecursively(
                work(1).resolve("replica/vectors/images.lance/data"));

        for (int n = 0; n < 30; n++) {
            assertThat(dataset.nearest(Rows.vector(n), 1, false).get(0).id())
                    .isEqualTo(Rows.id(n).toString());
        }
        add(30, 31);
        await().until(() -> dataset.state().reading() == TableState.Reading.LOCAL);
    }

    @Test
    void serverStartsFromItsCopyWhileTheBucketIsDownAndSaysThatItIsStale() {
        add(0, 10);
        await().until(() -> !dataset.nearest(Rows.vector(1), 1, true).isEmpty());
        bucket.down();

        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.settings(Duration.ofMillis(100), 10_000));

        assertThat(dataset.nearest(Rows.vector(3), 10, false)).hasSize(10);
        await().until(() -> dataset.freshness().stale());
        bucket.clearFaults();
        await().until(() -> !dataset.freshness().stale());
        add(10, 11);
        assertThat(dataset.state().committedRows()).isEqualTo(11);
    }

    @Test
    void filesOfOlderVersionsGoFromTheCopy() {
        TableTimings impatient = new TableTimings(
                Duration.ofMinutes(2),
                Duration.ofMinutes(1),
                Duration.ofMinutes(10),
                Duration.ofSeconds(15),
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofMinutes(15),
                Duration.ofSeconds(2),
                Duration.ofMinutes(10),
                Duration.ofMinutes(10));
        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.AT_ONCE, impatient);
        for (int n = 0; n < 20; n++) {
            add(n, n + 1);
        }
        AtomicInteger next = new AtomicInteger(20);

        await().until(() -> {
            add(next.get(), next.incrementAndGet());
            return files(work(1).resolve("replica/vectors/images.lance/_versions")) < 5;
        });

        assertThat(dataset.nearest(Rows.vector(4), 1000, true)).hasSize(next.get());
    }

    private static int files(Path folder) {
        return Optional.ofNullable(folder.toFile().list()).orElseThrow().length;
    }
}
