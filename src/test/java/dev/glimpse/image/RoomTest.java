package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
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

    /** Of an upload. Returns when it waits. */
    private Thread taker(long amount, String caller) {
        return taker(amount, WorkClass.UPLOAD, caller);
    }

    /** Returns when it waits. */
    private Thread taker(long amount, WorkClass workClass, String caller) {
        Thread taker = new Thread(() -> {
            try {
                room.take(amount, processors.claim(workClass, caller, "1"), LONG);
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

    /** Uses the processors for so long. */
    private void use(WorkClass workClass, String caller, Duration time) {
        processors.claim(workClass, caller, "1").run(turn -> now.addAndGet(time.toNanos()));
    }

    @Test
    void viewComesBeforeUploadsHoweverMuchWasSearchedAndViewed() throws InterruptedException {
        use(WorkClass.SEARCH, "viewer", Duration.ofSeconds(90));
        use(WorkClass.VIEW, "viewer", Duration.ofSeconds(90));
        take(6, "a", LONG);
        Thread upload = taker(10, "b");

        assertThat(room.take(4, processors.claim(WorkClass.VIEW, "viewer", "1"), LONG))
                .isTrue();

        room.giveBack(10);
        upload.join();
        assertThat(taken).containsExactly("b 10");
    }

    @Test
    void viewOfWhoHasViewedLessComesFirst() throws InterruptedException {
        use(WorkClass.VIEW, "many", Duration.ofSeconds(1));
        take(6, "a", LONG);
        Thread many = taker(10, WorkClass.VIEW, "many");

        assertThat(room.take(4, processors.claim(WorkClass.VIEW, "single", "1"), LONG))
                .isTrue();

        room.giveBack(10);
        many.join();
    }

    @Test
    void uploadWaitsForNoMoreThanSomeViewsInARow() throws InterruptedException {
        take(10, "a", LONG);
        Thread upload = taker(10, "b");
        List<Thread> views = new ArrayList<>();
        for (int i = 1; i <= Room.MOST_OVERTAKERS + 1; i++) {
            views.add(taker(10, WorkClass.VIEW, "view " + i));
        }

        for (int i = 0; i < Room.MOST_OVERTAKERS; i++) {
            room.giveBack(10);
            int soFar = i + 1;
            await().pollInterval(Duration.ofMillis(2)).until(() -> taken.size() == soFar);
        }
        assertThat(taken).allMatch(taker -> taker.startsWith("view"));
        room.giveBack(10);
        upload.join();
        room.giveBack(10);

        for (Thread view : views) {
            view.join();
        }
        assertThat(taken).hasSize(Room.MOST_OVERTAKERS + 2);
        assertThat(taken.get(Room.MOST_OVERTAKERS)).isEqualTo("b 10");
    }

    @Test
    void claimOfAnotherSchedulerIsRefusedAndNobodyIsHeldUpByIt() throws InterruptedException {
        take(6, "a", LONG);
        Thread large = taker(8, "a");
        Processors.Claim stranger = new Processors(1).claim("a", "1");

        assertThatThrownBy(() -> room.take(1, stranger, LONG)).isInstanceOf(IllegalArgumentException.class);

        room.giveBack(6);
        large.join();
        assertThat(room.free()).isEqualTo(2);
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
