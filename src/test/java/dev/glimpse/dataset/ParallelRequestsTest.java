package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class ParallelRequestsTest {
    @Test
    void whatHasFailedFirstIsThrownAndNotThatOthersWereEndedForIt() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            ParallelRequests requests = new ParallelRequests(threads, () -> {});
            CountDownLatch begun = new CountDownLatch(1);

            assertThatThrownBy(() -> requests.forEach(List.of("long", "failing"), (each, isOver) -> {
                        if (each.equals("failing")) {
                            await(begun);
                            throw new IllegalStateException("it has failed");
                        }
                        begun.countDown();
                        while (!isOver.getAsBoolean()) {
                            Thread.onSpinWait();
                        }
                        throw new CancellationException("nobody waits for it any more");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("it has failed");
        } finally {
            threads.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
