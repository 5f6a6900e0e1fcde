package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.vectors.Embedding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.core.task.TaskRejectedException;

/** When rows are committed. Time goes on only when the test says so. */
class GroupCommitTest {
    private static final int ROWS = 3;
    private static final Duration AGE = Duration.ofSeconds(2);

    private record Timed(long nanos, Runnable task) {}

    private final PriorityQueue<Timed> timers = new PriorityQueue<>(Comparator.comparingLong(Timed::nanos));
    private final RowLedger ledger = new RowLedger(0, IdSet.Memory.HEAP);
    private final List<Integer> groups = new ArrayList<>();

    /** Begins near the end of the range, as the nanoTime of a machine may. */
    private long now = Long.MAX_VALUE - Duration.ofSeconds(3).toNanos();

    private long elapsed;
    private @Nullable RuntimeException outage;

    /** Whether the commit thread takes no more tasks, as when the server stops. */
    private boolean stopping;

    private final GroupCommit commit =
            new GroupCommit(ledger, this::commit, this::runAfter, new CommitProperties(ROWS, AGE), () -> now);

    @Test
    void rowsWaitUntilTheFirstIsOldEnough() {
        CompletableFuture<Boolean> first = commit.add(row(1));
        pass(Duration.ofMillis(1500));
        CompletableFuture<Boolean> second = commit.add(row(2));
        assertThat(groups).isEmpty();

        pass(Duration.ofMillis(500));

        assertThat(groups).containsExactly(2);
        assertThat(first).isCompletedWithValue(true);
        assertThat(second).isCompletedWithValue(true);
    }

    @Test
    void enoughRowsAreCommittedAtOnce() {
        add(1);
        add(2);
        add(3);
        add(4);

        pass(Duration.ZERO);

        assertThat(groups).containsExactly(3);
        assertThat(ledger.pendingRows()).isOne();
        pass(AGE);
        assertThat(groups).containsExactly(3, 1);
    }

    @Test
    void samePictureTwiceIsOneRow() {
        CompletableFuture<Boolean> first = commit.add(row(1));
        CompletableFuture<Boolean> second = commit.add(row(1));
        pass(AGE);

        assertThat(groups).containsExactly(1);
        assertThat(first).isCompletedWithValue(true);
        assertThat(second).isCompletedWithValue(false);
        assertThat(commit.add(row(1))).isCompletedWithValue(false);
    }

    @Test
    void eachFailedCommitDoublesThePauseUpToThirtySeconds() {
        outage = new StoreUnavailableException("away", null);
        add(1);
        pass(AGE);
        for (int seconds : List.of(1, 2, 4, 8, 16, 30, 30)) {
            int before = groups.size();
            pass(Duration.ofSeconds(seconds).minusMillis(1));
            assertThat(groups).hasSize(before);
            pass(Duration.ofMillis(1));
            assertThat(groups).hasSize(before + 1);
        }

        outage = null;
        pass(Duration.ofSeconds(30));

        assertThat(ledger.pendingRows()).isZero();
        add(2);
        pass(AGE);
        assertThat(ledger.pendingRows()).isZero();
    }

    @Test
    void manyRowsDoNotEndAPause() {
        outage = new StoreUnavailableException("away", null);
        add(1);
        pass(AGE);
        outage = null;

        add(2);
        add(3);
        add(4);
        pass(Duration.ofMillis(999));

        assertThat(groups).hasSize(1);
        pass(Duration.ofMillis(1));
        assertThat(groups).containsExactly(1, 3);
    }

    @Test
    void failureIsToldUnlessItPassesByItself() {
        outage = new StoreUnavailableException("away", null);
        add(1);
        pass(AGE);
        assertThat(commit.failure()).isNull();

        outage = new IllegalStateException("a column is gone");
        pass(Duration.ofSeconds(1));
        assertThat(commit.failure()).contains("a column is gone");

        outage = null;
        pass(Duration.ofSeconds(2));
        assertThat(commit.failure()).isNull();
    }

    @Test
    void abandonedRowsAreGivenBackAndNoneIsCommittedAnyMore() {
        CompletableFuture<Boolean> added = commit.add(row(1));

        List<Pending> waiting = commit.abandon();
        pass(AGE);

        assertThat(waiting).extracting(Pending::committed).containsExactly(added);
        assertThat(added).isNotDone();
        assertThat(groups).isEmpty();
        assertThat(ledger.stateOf(row(1).id())).isEqualTo(PictureState.ABSENT);
        assertThatThrownBy(() -> commit.add(row(2))).isInstanceOf(TableBusyException.class);
    }

    @Test
    void successOfTheLastCommitIsToldThoughTheThreadTakesNoFurtherOne() {
        CompletableFuture<Boolean> first = commit.add(row(1));
        add(2);
        add(3);
        CompletableFuture<Boolean> left = commit.add(row(4));
        stopping = true;

        pass(Duration.ZERO);

        assertThat(first).isCompletedWithValue(true);
        assertThat(commit.failure()).isNull();
        assertThat(left).isNotDone();
        assertThat(ledger.pendingRows()).isOne();
    }

    @Test
    @Timeout(10)
    void flushEndsWhenTheLastRowIsTakenOut() throws Exception {
        add(1);
        Thread flushing = new Thread(() -> commit.flush(Duration.ofHours(1)));
        flushing.start();
        while (flushing.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }

        assertThat(ledger.removePending(row(1).id())).isNotNull();

        flushing.join();
    }

    @Test
    @Timeout(10)
    void flushEndsWhenTheTableIsGivenUp() throws Exception {
        add(1);
        Thread flushing = new Thread(() -> commit.flush(Duration.ofHours(1)));
        flushing.start();
        while (flushing.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }

        assertThat(commit.abandon()).hasSize(1);

        flushing.join();
    }

    private void runAfter(Duration time, Runnable task) {
        if (stopping) {
            throw new TaskRejectedException("the server stops");
        }
        timers.add(new Timed(elapsed + time.toNanos(), task));
    }

    private void add(int n) {
        Future<Boolean> unused = commit.add(row(n));
    }

    private Set<ImageId> commit(List<Pending> group) {
        groups.add(group.size());
        if (outage != null) {
            throw outage;
        }
        ledger.committed(group, 1);
        return group.stream().map(waiting -> waiting.row().id()).collect(Collectors.toSet());
    }

    /** Lets time go on, and runs the timers that go off until then. */
    private void pass(Duration time) {
        long end = elapsed + time.toNanos();
        for (Timed next = timers.peek(); next != null && next.nanos <= end; next = timers.peek()) {
            timers.remove();
            advanceTo(next.nanos);
            next.task.run();
        }
        advanceTo(end);
    }

    private void advanceTo(long then) {
        now += then - elapsed;
        elapsed = then;
    }

    private static PictureRow row(int n) {
        return new PictureRow(
                new ImageId("%064x".formatted(n), ImageFormat.PNG),
                "somewhere",
                new Embedding(new float[] {1, 0}),
                1,
                1,
                1,
                Instant.EPOCH,
                null,
                null,
                List.of());
    }
}
