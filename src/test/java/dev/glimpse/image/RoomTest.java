package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RoomTest {
    private static final Duration LONG = Duration.ofDays(1);

    private final AtomicLong now = new AtomicLong();
    private final Processors processors = new Processors(1, now::get);
    private final Room room = new Room(10);
    private final List<String> taken = new CopyOnWriteArrayList<>();

    private boolean take(long amount, String caller, Duration patience) throws InterruptedException {
        return room.take(amount, processors.claim(caller, "1"), patience);
    }

    /** Returns when it waits. */
    private Thread taker(long amount, String caller) {
        Thread taker = new Thread(() -> {
            try {
                take(amount, caller, LONG);
                taken.add(caller + " " + amount);
            } catch (InterruptedException e) {
                taken.add(caller + " was interrupted");
            }
        });
        taker.start();
        await().pollInterval(Duration.ofMillis(2)).until(() -> taker.getState() == Thread.State.TIMED_WAITING);
        return taker;
    }

    @Test
    void holdsAsMuchAsItsSize() throws InterruptedException {
        assertThat(take(6, "a", LONG)).isTrue();
        assertThat(take(4, "b", LONG)).isTrue();

        assertThat(take(1, "c", Duration.ofMillis(1))).isFalse();

        room.giveBack(4);
        assertThat(take(1, "c", LONG)).isTrue();
        assertThat(room.free()).isEqualTo(3);
    }

    @Test
    void whoWantsLittleDoesNotOvertakeWhoCameBefore() throws InterruptedException {
        take(6, "a", LONG);
        Thread large = taker(8, "a");
        Thread small = taker(1, "a");

        room.giveBack(6);
        large.join();
        small.join();

        assertThat(room.free()).isEqualTo(1);
        assertThat(taken).containsExactlyInAnyOrder("a 8", "a 1");
    }

    @Test
    void callerForWhomLessWasDoneOvertakes() throws InterruptedException {
        processors
                .claim("a", "1")
                .run(turn -> now.addAndGet(Duration.ofSeconds(1).toNanos()));
        take(6, "a", LONG);
        Thread large = taker(10, "a");

        assertThat(take(4, "b", LONG)).isTrue();

        room.giveBack(10);
        large.join();
        assertThat(taken).containsExactly("a 10");
    }

    @Test
    void whoGivesUpLetsTheNextOneThrough() throws InterruptedException {
        take(6, "a", LONG);
        Thread large = taker(8, "a");
        Thread small = taker(1, "a");

        large.interrupt();
        large.join();
        small.join();

        assertThat(taken).containsExactlyInAnyOrder("a was interrupted", "a 1");
    }
}
