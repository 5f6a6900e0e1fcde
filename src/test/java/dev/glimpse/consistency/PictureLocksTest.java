package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class PictureLocksTest {
    private final AtomicBoolean full = new AtomicBoolean();
    private final PictureLocks locks = new PictureLocks(task -> {
        if (full.get()) {
            throw new RejectedExecutionException("full");
        }
        task.run();
    });

    private static ImageId id(int n) {
        return ImageId.of(new byte[] {(byte) n}, ImageFormat.PNG);
    }

    @Test
    void changesOfAPictureComeOneAfterTheOther() {
        CompletableFuture<String> first = new CompletableFuture<>();
        AtomicBoolean begun = new AtomicBoolean();
        Future<String> unused = locks.withLock(id(1), () -> first);

        CompletableFuture<String> second = locks.withLock(id(1), () -> {
            begun.set(true);
            return CompletableFuture.completedFuture("second");
        });

        assertThat(begun).isFalse();
        assertThat(locks.withLock(id(2), () -> CompletableFuture.completedFuture("other")))
                .isCompletedWithValue("other");
        first.complete("first");
        assertThat(second).isCompletedWithValue("second");
    }

    @Test
    void changeForWhichThereWasNoRoomLeavesItsTurnToTheNext() {
        CompletableFuture<String> first = new CompletableFuture<>();
        Future<String> unused = locks.withLock(id(1), () -> first);
        CompletableFuture<String> refused = locks.withLock(id(1), () -> CompletableFuture.completedFuture("refused"));
        full.set(true);

        first.complete("first");

        assertThatThrownBy(refused::join).hasCauseInstanceOf(RejectedExecutionException.class);
        full.set(false);
        assertThat(locks.withLock(id(1), () -> CompletableFuture.completedFuture("next")))
                .isCompletedWithValue("next");
    }

    @Test
    void changeThatThrowsLeavesItsTurnToTheNext() {
        CompletableFuture<String> failed = locks.withLock(id(1), () -> {
            throw new IllegalStateException("no");
        });

        assertThat(failed).isCompletedExceptionally();
        assertThat(locks.withLock(id(1), () -> CompletableFuture.completedFuture("next")))
                .isCompletedWithValue("next");
    }

    @Test
    void threadWaitsForTheChangeBeforeIt() {
        CompletableFuture<String> first = new CompletableFuture<>();
        Future<String> unused = locks.withLock(id(1), () -> first);
        AtomicBoolean begun = new AtomicBoolean();

        CompletableFuture<Void> second = CompletableFuture.runAsync(() -> {
            PictureLocks.Held lock = locks.lock(id(1), Duration.ofSeconds(60));
            try (lock) {
                begun.set(first.isDone());
            }
        });
        first.complete("first");
        second.join();

        assertThat(begun).isTrue();
        assertThat(locks.withLock(id(1), () -> CompletableFuture.completedFuture("next")))
                .isCompletedWithValue("next");
    }

    @Test
    void changeThatComesAfterAHeldLockBeginsWhenItIsFree() {
        PictureLocks.Held lock = locks.lock(id(1), Duration.ZERO);
        CompletableFuture<String> next = locks.withLock(id(1), () -> CompletableFuture.completedFuture("next"));

        assertThat(next).isNotDone();
        lock.close();

        assertThat(next).isCompletedWithValue("next");
    }

    @Test
    void changeThatEndsInAnErrorLeavesItsTurnToTheNext() {
        CompletableFuture<String> failed = locks.withLock(id(1), () -> {
            throw new OutOfMemoryError("no");
        });

        assertThat(failed).isCompletedExceptionally();
        assertThat(locks.withLock(id(1), () -> CompletableFuture.completedFuture("next")))
                .isCompletedWithValue("next");
    }

    @Test
    void anyNumberOfThreadsMayStopWaiting() {
        CompletableFuture<String> first = new CompletableFuture<>();
        Future<String> unused = locks.withLock(id(1), () -> first);
        for (int i = 0; i < 20_000; i++) {
            assertThatThrownBy(() -> locks.lock(id(1), Duration.ZERO)).isInstanceOf(UploadsBusyException.class);
        }
        CompletableFuture<String> next = locks.withLock(id(1), () -> CompletableFuture.completedFuture("next"));

        first.complete("first");

        assertThat(next).isCompletedWithValue("next");
    }

    @Test
    void threadThatWaitsNoLongerLeavesItsTurnToTheNextButOnlyAfterTheOneBefore() {
        CompletableFuture<String> first = new CompletableFuture<>();
        Future<String> unused = locks.withLock(id(1), () -> first);

        assertThatThrownBy(() -> locks.lock(id(1), Duration.ZERO)).isInstanceOf(UploadsBusyException.class);
        CompletableFuture<String> next = locks.withLock(id(1), () -> CompletableFuture.completedFuture("next"));

        assertThat(next).isNotDone();
        first.complete("first");
        assertThat(next).isCompletedWithValue("next");
    }
}
