package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestBucket;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

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
    void commitCostsThreeClassARequestsWhateverTheTableHolds() {
        add(0, 1);
        bucket.resetCounts();
        dataset.add(Rows.row(1)).join();
        long early = bucket.count(TestBucket.RequestClass.A);
        add(2, 300);
        bucket.resetCounts();

        dataset.add(Rows.row(300)).join();

        assertThat(early).isEqualTo(3);
        assertThat(bucket.count(TestBucket.RequestClass.A)).isEqualTo(3);
        assertThat(bucket.count(TestBucket.RequestClass.B)).isZero();
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
    void rowsAreFoundAndWaitWhileTheBucketIsDownAndAreCommittedWhenItIsBack() {
        add(0, 5);
        bucket.down();

        CompletableFuture<Boolean> added = dataset.add(Rows.row(9));

        assertThat(dataset.contains(Rows.id(9))).isTrue();
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
}
