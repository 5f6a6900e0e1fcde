package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.image.ImageId;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket.Fault;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Looks at the pictures of a bulk job, and the rows of those that are gone. */
class PicturelessRowsIT extends BulkTables {
    @Test
    void aPictureThatComesBackWhileItsRowGoesIsLeftToAServer() throws IOException {
        Set<ImageId> deleted = removeAllOf3Rows(() -> stored(1));

        assertThat(deleted)
                .containsExactlyInAnyOrder(Rows.row(0).id(), Rows.row(1).id());
        assertThat(store.list("pending/"))
                .singleElement()
                .asString()
                .endsWith("/delete-" + Rows.row(1).id().name());
    }

    @Test
    void aPictureThatComesBackIsLeftToAServerThoughOneHasRemovedTheMark() throws IOException {
        Set<ImageId> deleted = removeAllOf3Rows(() -> {
            store.list("pending/").forEach(store::delete);
            stored(1);
        });

        assertThat(deleted)
                .containsExactlyInAnyOrder(Rows.row(0).id(), Rows.row(1).id());
        assertThat(store.list("pending/"))
                .singleElement()
                .asString()
                .endsWith("/delete-" + Rows.row(1).id().name());
    }

    /** Of three rows two have no pictures. */
    private Set<ImageId> removeAllOf3Rows(Runnable meanwhile) throws IOException {
        List<BulkFragment> written;
        try (BulkTable table = job("job")) {
            written = write(table, 0, 3);
        }
        store.delete(Rows.row(0).id().toString());
        store.delete(Rows.row(1).id().toString());
        Set<ImageId> deleted = new HashSet<>();
        ParallelRequests requests = new ParallelRequests(Runnable::run, () -> {});
        PicturelessRows rows = new PicturelessRows(
                new PictureLook(store, requests),
                marks,
                new PicturelessRows.Rows() {
                    @Override
                    public void catchUp() {}

                    @Override
                    public Set<ImageId> delete(Collection<ImageId> ids) {
                        deleted.addAll(ids);
                        meanwhile.run();
                        return Set.copyOf(ids);
                    }
                },
                requests);
        assertThat(rows.remove(written, id -> true, 1_000_000)).hasSize(2);
        return deleted;
    }

    /** Each of two requests is answered when the other one has come. */
    @Test
    void picturesAreLookedAtSideBySide() throws InterruptedException {
        List<BulkFragment> written;
        try (BulkTable table = job("job")) {
            written = write(table, 0, 2);
        }
        store.delete(Rows.row(1).id().toString());
        CountDownLatch asked = new CountDownLatch(2);
        CountDownLatch together = new CountDownLatch(2);
        bucket.fault(Fault.DROP, 1, (method, key) -> {
            if (method.equals("HEAD") && key.startsWith(ImageDataset.PICTURES)) {
                asked.countDown();
                if (isOver(asked)) {
                    together.countDown();
                }
            }
            return false;
        });
        AtomicInteger signs = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            PictureLook look = new PictureLook(store, new ParallelRequests(threads, signs::incrementAndGet));

            assertThat(look.gone(written, id -> true, 1_000_000))
                    .containsExactly(Rows.row(1).id());
        } finally {
            threads.shutdown();
        }
        assertThat(isOver(together)).isTrue();
        assertThat(signs).hasPositiveValue();
        assertThat(bucket.count("LIST", ImageDataset.PICTURES)).isEqualTo(1);
    }

    private static boolean isOver(CountDownLatch latch) {
        try {
            return latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
