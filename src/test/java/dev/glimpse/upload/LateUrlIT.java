package dev.glimpse.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.consistency.TestServer;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.fetch.LoopbackFetches;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.testing.RawServer;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** A URL that is fetched, in the end, when its client has been told to wait no longer. */
@Timeout(120)
class LateUrlIT {
    @TempDir
    Path work;

    @Test
    void pictureIsStoredAndItsMemoryGivenBack() {
        CountDownLatch late = new CountDownLatch(1);
        byte[] picture = TestServer.picture(1);
        ExecutorService fetches = Executors.newCachedThreadPool();
        try (TestBucket bucket = TestBucket.start();
                TestServer server = new TestServer(bucket.open(), work, Duration.ZERO);
                RawServer slow = RawServer.start((path, out) -> {
                    late.await();
                    RawServer.ok(out, picture);
                });
                UrlFetcher fetcher =
                        LoopbackFetches.fetcher(DataSize.ofBytes(picture.length), Duration.ofSeconds(60))) {
            MemoryBudget memory = new MemoryBudget(TestScheduler.SCHEDULER, picture.length);
            UploadIntake intake = new UploadIntake(
                    server.uploader,
                    fetcher,
                    new MemoryBudget(TestScheduler.SCHEDULER, 1),
                    memory,
                    Runnable::run,
                    fetches,
                    DataSize.ofBytes(picture.length),
                    Duration.ofMillis(100));

            assertThatThrownBy(() -> intake.upload(
                                    slow.url("/late.png"), new SentNotes(1, null, null), 0, TestScheduler.ticket())
                            .join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(TimeoutException.class);
            late.countDown();

            await().until(() -> server.dataset.stateOf(TestServer.id(1)).isInTable());
            assertThat(server.store.head(TestServer.id(1).toString())).isPresent();
            await().until(() -> memory.free() == picture.length);
        } finally {
            fetches.shutdownNow();
        }
    }
}
