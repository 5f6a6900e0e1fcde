package dev.glimpse.dataset.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.glimpse.dataset.TableBusyException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadPoolTest {
    private static final int THREADS = 2;

    private final AtomicLong clock = new AtomicLong();
    private final ReadPool pool = new ReadPool(THREADS, clock::get);
    private final Semaphore begun = new Semaphore(0);
    private final CountDownLatch release = new CountDownLatch(1);
    private final List<Future<?>> submitted = new ArrayList<>();

    @AfterEach
    void close() {
        release.countDown();
        pool.close();
    }

    private void searchThatTakes(Duration time) throws ExecutionException, InterruptedException {
        Long unused = pool.submit(() -> clock.addAndGet(time.toNanos())).get();
    }

    private void search() {
        submitted.add(pool.submit(() -> {
            begun.release();
            release.await();
            return true;
        }));
    }

    private void takeAllThreads() {
        for (int n = 0; n < THREADS; n++) {
            search();
        }
        begun.acquireUninterruptibly(THREADS);
    }

    private TableBusyException searchUntilRefused() {
        takeAllThreads();
        while (true) {
            TableBusyException refused = catchThrowableOfType(TableBusyException.class, this::search);
            if (refused != null) {
                return refused;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 100, 900})
    void takesAsManySearchesAsWillBeginWithinTheLongestWait(int millis) throws Exception {
        searchThatTakes(Duration.ofMillis(millis));

        TableBusyException refused = searchUntilRefused();

        int waiting = submitted.size() - THREADS;
        assertThat(waiting).isEqualTo((int) ReadPool.LONGEST_WAIT.toMillis() * THREADS / millis + 1);
        Duration wait = Duration.ofMillis((long) waiting * millis / THREADS);
        assertThat(refused)
                .hasMessage("%d searches wait already, which will take %.1f s", waiting, wait.toMillis() / 1e3);
        assertThat(refused.left()).contains(wait);
    }

    @Test
    void quickSearchesAreRefusedWhenMoreWaitThanCouldAsk() throws Exception {
        searchThatTakes(Duration.ofNanos(1_000));

        TableBusyException refused = searchUntilRefused();

        assertThat(submitted).hasSize(1_000 + THREADS);
        assertThat(refused.left()).hasValueSatisfying(wait -> assertThat(wait).isLessThan(Duration.ofMillis(1)));
    }

    @Test
    void whatSearchesTookLongAgoDoesNotCount() throws Exception {
        searchThatTakes(Duration.ofSeconds(1));
        for (int n = 0; n < 100; n++) {
            searchThatTakes(Duration.ofMillis(10));
        }
        takeAllThreads();
        search();

        assertThat(pool.expectedWait()).isBetween(Duration.ofMillis(5), Duration.ofMillis(6));
    }

    @Test
    void whatGoesThroughAllRowsSaysNothingAboutSearches() throws Exception {
        searchThatTakes(Duration.ofMillis(100));
        Long unused = pool.scan(() -> clock.addAndGet(Duration.ofMinutes(5).toNanos()))
                .get();

        searchUntilRefused();

        assertThat(submitted).hasSize(41 + THREADS);
    }
}
