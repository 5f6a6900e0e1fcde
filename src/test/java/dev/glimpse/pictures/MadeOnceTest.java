package dev.glimpse.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.meters.CacheMeters;
import dev.glimpse.meters.Meters;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MadeOnceTest {
    private static final CacheMeters METERS = new CacheMeters(new Meters(), "things");
    private static final byte[] BYTES = {1, 2, 3};

    private final MadeOnce<Integer> cache = new MadeOnce<>(1_000_000, METERS);
    private final AtomicInteger made = new AtomicInteger();

    /** Counts, and waits until it may end. */
    private Supplier<byte[]> maker(CountDownLatch begun, CountDownLatch mayEnd) {
        return () -> {
            made.incrementAndGet();
            begun.countDown();
            mayEnd.countDown();
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return BYTES;
        };
    }

    @Test
    void bytesAreMadeOnceForAllWhoAskMeanwhileAndAfterwards() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(2);
        CompletableFuture<byte[]> first = CompletableFuture.supplyAsync(() -> cache.get(1, maker(begun, mayEnd)));
        begun.await();
        List<CompletableFuture<byte[]>> others = IntStream.range(0, 3)
                .mapToObj(n -> CompletableFuture.supplyAsync(() -> cache.get(1, maker(begun, mayEnd))))
                .toList();

        mayEnd.countDown();

        assertThat(first.join()).isSameAs(BYTES);
        assertThat(others).allSatisfy(other -> assertThat(other.join()).isSameAs(BYTES));
        assertThat(cache.get(1, maker(begun, mayEnd))).isSameAs(BYTES);
        assertThat(made).hasValue(1);
    }

    @Test
    void nobodyWaitsForBytesOfAnotherKey() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(2);
        CompletableFuture<byte[]> slow = CompletableFuture.supplyAsync(() -> cache.get(0, maker(begun, mayEnd)));
        begun.await();

        for (int key = 1; key < 1000; key++) {
            assertThat(cache.get(key, () -> BYTES)).isSameAs(BYTES);
        }

        assertThat(slow).isNotDone();
        mayEnd.countDown();
        slow.join();
    }

    @Test
    void whoeverWaitsHearsOfTheFailureAndTheNextOneTriesAgain() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(2);
        CompletableFuture<byte[]> first = CompletableFuture.supplyAsync(() -> cache.get(1, () -> {
            byte[] unused = maker(begun, mayEnd).get();
            throw new IllegalArgumentException("no picture");
        }));
        begun.await();
        CompletableFuture<byte[]> second = CompletableFuture.supplyAsync(() -> {
            mayEnd.countDown();
            return cache.get(1, () -> BYTES);
        });

        assertThatThrownBy(first::join).hasRootCauseMessage("no picture");
        assertThat(second.handle((bytes, failure) -> bytes == BYTES || failure instanceof CompletionException)
                        .join())
                .isTrue();
        assertThat(cache.get(1, () -> BYTES)).isSameAs(BYTES);
    }

    @Test
    void whatIsForgottenIsMadeAgainEvenIfItWasBeingMade() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(2);
        CompletableFuture<byte[]> first = CompletableFuture.supplyAsync(() -> cache.get(1, maker(begun, mayEnd)));
        begun.await();

        cache.forget(List.of(1));
        mayEnd.countDown();

        assertThat(first.join()).isSameAs(BYTES);
        byte[] another = {4};
        assertThat(cache.get(1, () -> another)).isSameAs(another);
    }

    @Test
    void noMoreIsKeptThanThereIsRoomFor() {
        MadeOnce<Integer> small = new MadeOnce<>(1, METERS);

        assertThat(small.get(1, () -> BYTES)).isSameAs(BYTES);

        byte[] another = {4, 5};
        await().until(() -> small.get(1, () -> another) == another);
    }
}
