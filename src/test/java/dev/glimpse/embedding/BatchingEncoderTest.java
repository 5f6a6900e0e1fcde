package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.meters.Meters;
import dev.glimpse.vectors.Embedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Forward passes here are let through one by one, and take as long as the test says. So a test knows what waits while one runs. */
@Timeout(30)
class BatchingEncoderTest {
    private final Semaphore gate = new Semaphore(0);
    private final Queue<List<Integer>> batches = new ConcurrentLinkedQueue<>();
    private final CountDownLatch closedPasses = new CountDownLatch(2);
    private final Semaphore started = new Semaphore(0);

    /** Nanoseconds. */
    private final AtomicLong now = new AtomicLong();

    /** Gives each input a direction of its own. */
    private final class Pass implements BatchingEncoder.ForwardPass<Integer> {
        @Override
        public List<Embedding> run(List<Integer> inputs) throws InterruptedException {
            batches.add(inputs);
            started.release();
            gate.acquireUninterruptibly();
            if (inputs.contains(-1)) {
                throw new IllegalStateException("no embedding of -1");
            }
            return inputs.stream().map(BatchingEncoderTest::direction).toList();
        }

        @Override
        public void close() {
            closedPasses.countDown();
        }
    }

    private static Embedding direction(int input) {
        return new Embedding(new float[] {(float) Math.cos(input), (float) Math.sin(input)});
    }

    private BatchingEncoder<Integer> encoder(int threads, int maxBatch) {
        return new BatchingEncoder<>("test", threads, maxBatch, Pass::new, new Meters(), now::get);
    }

    private List<CompletableFuture<Embedding>> encode(BatchingEncoder<Integer> encoder, int... inputs) {
        List<CompletableFuture<Embedding>> answers = new ArrayList<>();
        for (int input : inputs) {
            answers.add(encoder.encode(input, TestScheduler.ticket()));
        }
        return answers;
    }

    /** A moment is a part of what a pass has taken, so after this it is longer than the timeout of the tests. */
    private void letAPassTakeLong(BatchingEncoder<Integer> encoder) throws InterruptedException {
        List<CompletableFuture<Embedding>> running = encode(encoder, 1);
        started.acquire();
        now.addAndGet(TimeUnit.HOURS.toNanos(1));
        gate.release();
        running.get(0).join();
    }

    @Test
    void inputThatIsAloneRunsAtOnce() {
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            gate.release();

            encoder.encode(1, TestScheduler.ticket()).join();

            assertThat(batches).containsExactly(List.of(1));
        }
    }

    @Test
    void inputsThatWaitRunTogetherUpToABatch() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(1, 4)) {
            encode(encoder, 1);
            started.acquire();
            List<CompletableFuture<Embedding>> waiting = encode(encoder, 2, 3, 4, 5, 6);
            gate.release(3);

            waiting.forEach(CompletableFuture::join);

            assertThat(batches).containsExactly(List.of(1), List.of(2, 3, 4, 5), List.of(6));
        }
    }

    @Test
    void inputOfWhoHasUsedMuchLessComesFirstAndDoesNotWaitForABatch() throws InterruptedException {
        FairScheduler scheduler = new FairScheduler(1);
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            CompletableFuture<Embedding> running =
                    encoder.encode(1, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD)));
            started.acquire();
            assertThat(gate.tryAcquire(300, TimeUnit.MILLISECONDS)).isFalse(); // that much is used
            List<CompletableFuture<Embedding>> waiting = List.of(
                    encoder.encode(2, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD))),
                    encoder.encode(3, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD))),
                    encoder.encode(4, scheduler.ticket(new Flow("single", "1", Purpose.UPLOAD))),
                    encoder.encode(5, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD))));
            gate.release(3);

            running.join();
            waiting.forEach(CompletableFuture::join);

            assertThat(batches).containsExactly(List.of(1), List.of(4), List.of(2, 3, 5));
        }
    }

    @Test
    void inputsWaitForTheirTurnAmongPicturesThatAreDecoded() {
        FairScheduler scheduler = TestScheduler.withClock(1, now::get);
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            gate.release(2);
            Flow many = new Flow("many", "1", Purpose.UPLOAD);

            CompletableFuture<Embedding> waiting = scheduler.ticket(many).run(decode -> {
                now.addAndGet(TimeUnit.SECONDS.toNanos(1));
                CompletableFuture<Embedding> later = encoder.encode(1, scheduler.ticket(many));
                encoder.encode(2, scheduler.ticket(new Flow("single", "1", Purpose.UPLOAD)))
                        .join();
                now.addAndGet(TimeUnit.SECONDS.toNanos(1)); // no more is expected of that one then
                return later;
            });

            waiting.join();
            assertThat(batches).containsExactly(List.of(2), List.of(1));
        }
    }

    @Test
    void inputThatHoldsUpOthersDoesNotWaitForThem() throws InterruptedException {
        FairScheduler scheduler = TestScheduler.withClock(1, now::get);
        Flow many = new Flow("many", "1", Purpose.UPLOAD);
        Ticket single = scheduler.ticket(new Flow("single", "1", Purpose.UPLOAD));
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            letAPassTakeLong(encoder);
            gate.release();
            CompletableFuture<Void> heldUp = scheduler.ticket(many).run(decode -> {
                now.addAndGet(TimeUnit.SECONDS.toNanos(1));
                CompletableFuture<Void> next = CompletableFuture.runAsync(
                        () -> scheduler.ticket(many).run(slice -> slice), task -> new Thread(task).start());
                await().until(single::holdsUpOthers);
                encoder.announce(1);

                encoder.encode(2, single).join();

                now.addAndGet(TimeUnit.SECONDS.toNanos(1)); // no more is expected of that one then
                return next;
            });

            heldUp.join();
            assertThat(batches).containsExactly(List.of(1), List.of(2));
        }
    }

    @Test
    void inputsOfOneConnectionRunTogetherHoweverMuchWasDoneBetweenThem() throws InterruptedException {
        FairScheduler scheduler = new FairScheduler(1);
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            CompletableFuture<Embedding> running =
                    encoder.encode(1, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD)));
            started.acquire();
            CompletableFuture<Embedding> early =
                    encoder.encode(2, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD)));
            assertThat(gate.tryAcquire(300, TimeUnit.MILLISECONDS)).isFalse(); // that much is used
            CompletableFuture<Embedding> late =
                    encoder.encode(3, scheduler.ticket(new Flow("many", "1", Purpose.UPLOAD)));
            gate.release(3);

            CompletableFuture.allOf(running, early, late).join();

            assertThat(batches).containsExactly(List.of(1), List.of(2, 3));
        }
    }

    @Test
    void everyInputGetsItsOwnEmbedding() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(2, 4)) {
            gate.release(100);
            List<CompletableFuture<Embedding>> answers = encode(encoder, 1, 2, 3, 4, 5, 6, 7, 8, 9);

            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).join().cosine(direction(i + 1))).isGreaterThan(0.9999);
            }
        }
    }

    @Test
    void workersShareWhatIsThere() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(2, 8)) {
            encode(encoder, 1);
            started.acquire();
            encode(encoder, 2);
            started.acquire();
            List<CompletableFuture<Embedding>> waiting = encode(encoder, 3, 4, 5, 6, 7, 8);
            gate.release(1);
            started.acquire();

            // of the seven that are inside then, one runs elsewhere
            assertThat(batches.stream().skip(2).findFirst().orElseThrow()).hasSize(4);
            gate.release(10);
            waiting.forEach(CompletableFuture::join);
        }
    }

    @Test
    void workerWaitsAMomentForAnnouncedInputs() throws Exception {
        try (BatchingEncoder<Integer> encoder = encoder(1, 2)) {
            letAPassTakeLong(encoder);
            encoder.announce(1);
            CompletableFuture<Embedding> first = encoder.encode(2, TestScheduler.ticket());
            assertThat(started.tryAcquire(20, TimeUnit.MILLISECONDS)).isFalse();
            CompletableFuture<Embedding> second = encoder.encode(3, TestScheduler.ticket());
            encoder.announce(-1);
            gate.release();

            CompletableFuture.allOf(first, second).join();

            assertThat(batches).containsExactly(List.of(1), List.of(2, 3));
        }
    }

    @Test
    void workerWaitsAMomentForThoseWhomItHasJustAnswered() throws Exception {
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            encode(encoder, 1);
            started.acquire();
            List<CompletableFuture<Embedding>> together = encode(encoder, 2, 3);
            gate.release();
            started.acquire();
            now.addAndGet(TimeUnit.HOURS.toNanos(1));
            gate.release();
            together.forEach(CompletableFuture::join);

            CompletableFuture<Embedding> first = encoder.encode(4, TestScheduler.ticket());
            assertThat(started.tryAcquire(20, TimeUnit.MILLISECONDS)).isFalse();
            CompletableFuture<Embedding> second = encoder.encode(5, TestScheduler.ticket());
            gate.release();

            CompletableFuture.allOf(first, second).join();

            assertThat(batches).containsExactly(List.of(1), List.of(2, 3), List.of(4, 5));
        }
    }

    @Test
    void announcedInputThatNeverComesHoldsNobodyUpForLong() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            CompletableFuture<Embedding> running = encoder.encode(1, TestScheduler.ticket());
            started.acquire();
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(30));
            gate.release(2);
            running.join();
            encoder.announce(1);

            encoder.encode(2, TestScheduler.ticket()).join();

            encoder.announce(-1);
            assertThat(batches).containsExactly(List.of(1), List.of(2));
        }
    }

    @Test
    void fullQueueRefusesAndGoesOn() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            CompletableFuture<Embedding> running = encoder.encode(0, TestScheduler.ticket());
            started.acquire();
            List<CompletableFuture<Embedding>> waiting = new ArrayList<>();
            for (int i = 0; i < BatchingEncoder.QUEUE; i++) {
                waiting.add(encoder.encode(i, TestScheduler.ticket()));
            }

            assertThatThrownBy(() -> encoder.encode(1, TestScheduler.ticket()))
                    .isInstanceOf(EncoderBusyException.class)
                    .hasMessageContaining("128 inputs waiting");

            gate.release(1000);
            running.join();
            waiting.forEach(CompletableFuture::join);
            encoder.encode(1, TestScheduler.ticket()).join();
        }
    }

    @Test
    void failedPassFailsItsInputsAndNoOthers() throws InterruptedException {
        try (BatchingEncoder<Integer> encoder = encoder(1, 8)) {
            gate.release(2);

            CompletableFuture<Embedding> failed = encoder.encode(-1, TestScheduler.ticket());

            assertThatThrownBy(failed::join)
                    .isInstanceOf(CompletionException.class)
                    .hasMessageContaining("no embedding of -1");
            assertThat(encoder.encode(1, TestScheduler.ticket()).join().cosine(direction(1)))
                    .isGreaterThan(0.9999);
        }
    }

    @Test
    void closeLetsTheRunningPassFinishAndRefusesTheRest() throws Exception {
        BatchingEncoder<Integer> encoder = encoder(2, 1);
        CompletableFuture<Embedding> running = encoder.encode(1, TestScheduler.ticket());
        CompletableFuture<Embedding> alsoRunning = encoder.encode(2, TestScheduler.ticket());
        started.acquire(2);
        CompletableFuture<Embedding> waiting = encoder.encode(3, TestScheduler.ticket());
        Thread closer = new Thread(encoder::close);
        closer.start();

        closer.join(100);
        assertThat(closer.isAlive()).isTrue();
        gate.release(2);
        closer.join();

        assertThat(running.join().cosine(direction(1))).isGreaterThan(0.9999);
        assertThat(alsoRunning.join().cosine(direction(2))).isGreaterThan(0.9999);
        assertThatThrownBy(waiting::join).hasCauseInstanceOf(EncoderBusyException.class);
        assertThatThrownBy(() -> encoder.encode(4, TestScheduler.ticket())).hasMessageContaining("closed");
        assertThat(closedPasses.await(0, TimeUnit.SECONDS)).isTrue();
    }
}
