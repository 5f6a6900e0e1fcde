package dev.glimpse.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.consistency.TestServer;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.fetch.LoopbackFetches;
import dev.glimpse.fetch.RawServer;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.request.Tickets;
import dev.glimpse.storage.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.mock.web.MockHttpServletRequest;
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
            UploadController controller = new UploadController(
                    server.uploader,
                    new Tickets(TestScheduler.SCHEDULER),
                    failure -> ProblemDetail.forStatus(HttpStatus.SERVICE_UNAVAILABLE),
                    fetcher,
                    fetches,
                    1,
                    memory,
                    Duration.ofMillis(100));

            assertThatThrownBy(() -> upload(controller, slow.url("/late.png")))
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

    private static void upload(UploadController controller, String url) {
        controller.upload(null, new String[] {url}, null, List.of(), "recoverable", new MockHttpServletRequest());
    }
}
