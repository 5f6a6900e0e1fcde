package dev.glimpse.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RunningReadsTest {
    private static final long MOST = 100;

    /** Reads that were begun and do not end. */
    private final List<Runnable> begun = new ArrayList<>();

    private final AtomicInteger done = new AtomicInteger();

    @Test
    void readThatFindsNoRoomForItsBytesIsNotBegun() throws InterruptedException {
        RunningReads reads = reads(begun::add, false);
        reads.begin(60, done::incrementAndGet);
        reads.begin(40, done::incrementAndGet);

        assertThatExceptionOfType(InterruptedException.class).isThrownBy(() -> reads.begin(1, done::incrementAndGet));

        assertThat(begun).hasSize(2);
    }

    @Test
    void noMoreReadsThanReadersAreBegun() throws InterruptedException {
        RunningReads reads = reads(begun::add, false);
        for (int i = 0; i < ObjectReader.AT_ONCE; i++) {
            reads.begin(0, done::incrementAndGet);
        }

        assertThatExceptionOfType(InterruptedException.class).isThrownBy(() -> reads.begin(0, done::incrementAndGet));

        assertThat(begun).hasSize(ObjectReader.AT_ONCE);
    }

    @Test
    void readOfMoreBytesThanFitRunsAlone() throws InterruptedException {
        RunningReads reads = reads(begun::add, false);
        reads.begin(MOST + 1, done::incrementAndGet);

        assertThatExceptionOfType(InterruptedException.class).isThrownBy(() -> reads.begin(1, done::incrementAndGet));

        assertThat(begun).hasSize(1);
    }

    @Test
    void roomComesBackWhenReadsEnd() throws InterruptedException {
        RunningReads reads = reads(Runnable::run, true);
        for (int i = 0; i < 2 * ObjectReader.AT_ONCE; i++) {
            reads.begin(60, done::incrementAndGet);
        }
        reads.await();

        assertThat(done).hasValue(2 * ObjectReader.AT_ONCE);
    }

    @Test
    void joinWaitsForReadsThatFailAndAwaitTellsOfThem() throws InterruptedException {
        RunningReads reads = reads(Runnable::run, true);
        reads.begin(1, () -> {
            throw new IllegalStateException("no answer");
        });
        reads.begin(1, done::incrementAndGet);

        assertThatNoException().isThrownBy(reads::join);
        assertThat(done).hasValue(1);
        assertThatIllegalStateException().isThrownBy(reads::await).withMessage("no answer");
    }

    private static RunningReads reads(Executor threads, boolean mayGoOn) {
        return new RunningReads(threads, MOST, new Waiting(() -> mayGoOn));
    }
}
