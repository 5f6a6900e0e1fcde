package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.image.Processors.Claim;
import dev.glimpse.image.Processors.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Time passes here when a test says so. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessorsTest {
    private static final Duration LITTLE = Duration.ofMillis(10);
    private static final Duration MOMENT = Duration.ofMillis(20);
    private static final Duration MUCH = Duration.ofSeconds(1);

    private final AtomicLong now = new AtomicLong();
    private final List<String> begun = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Job> jobs = new ArrayList<>();

    @AfterEach
    void stop() {
        jobs.forEach(Job::end);
        threads.shutdownNow();
    }

    private Processors processors(int count) {
        return new Processors(count, now::get);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Work on a thread of its own, which ends, and gives way, when it is told to. */
    private final class Job {
        private final String name;
        private final CountDownLatch end = new CountDownLatch(1);
        private final CountDownLatch giveWay = new CountDownLatch(1);
        private volatile @Nullable Thread thread;
        private volatile boolean goesOn;
        private volatile boolean hasEnded;
        private volatile boolean hasGivenWay;

        Job(String name, Claim claim) {
            this.name = name;
            jobs.add(this);
            threads.execute(() -> {
                thread = Thread.currentThread();
                claim.run(this::work);
                hasEnded = true;
            });
        }

        private Void work(Turn turn) {
            begun.add(name);
            goesOn = true;
            waitFor(giveWay);
            turn.giveWay();
            hasGivenWay = true;
            waitFor(end);
            return null;
        }

        private void waitFor(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        Job begins() {
            await().pollInterval(Duration.ofMillis(2)).until(() -> goesOn);
            return this;
        }

        Job waits() {
            await().pollInterval(Duration.ofMillis(2)).until(() -> {
                Thread of = thread;
                return of != null && of.getState() == Thread.State.TIMED_WAITING;
            });
            return this;
        }

        void asks() {
            giveWay.countDown();
        }

        void end() {
            giveWay.countDown();
            end.countDown();
        }

        /** And the moment is over for which its caller's place is kept. */
        void ends() {
            end();
            await().pollInterval(Duration.ofMillis(2)).until(() -> hasEnded);
            pass(MOMENT);
        }
    }

    private Job job(String name, Claim claim) {
        return new Job(name, claim);
    }

    /** Until those that were begun, and no others, have had time to begin. */
    private void assertBegun(String... names) throws InterruptedException {
        await().pollInterval(Duration.ofMillis(2)).until(() -> begun.size() >= names.length);
        Thread.sleep(50);
        assertThat(begun).containsExactly(names);
    }

    @Test
    void asManyGoOnAsThereAreProcessorsAndTheOthersInTheOrderOfTheirArrival() throws InterruptedException {
        Processors two = processors(2);
        Job first = job("first", two.claim("a", "1")).begins();
        job("second", two.claim("a", "1")).begins();
        Claim third = two.claim("a", "1");
        Claim fourth = two.claim("a", "1");
        job("fourth", fourth).waits();
        job("third", third).waits();
        assertBegun("first", "second");

        first.ends();

        assertBegun("first", "second", "third");
    }

    @Test
    void callerWhoHasUsedLessComesFirst() throws InterruptedException {
        Processors one = processors(1);
        Job running = job("many", one.claim("a", "1")).begins();
        for (int i = 2; i <= 5; i++) {
            job("many", one.claim("a", "1")).waits();
        }
        assertBegun("many");
        pass(MUCH);

        job("single", one.claim("b", "9")).begins();

        // Without waiting for the one who goes on, who is the next to wait when it asks.
        running.asks();
        assertBegun("many", "single");
        assertThat(running.hasGivenWay).isFalse();
    }

    @Test
    void whoHasGivenWayGoesOnAfterwards() {
        Processors one = processors(1);
        Job large = job("large", one.claim("a", "1")).begins();
        pass(MUCH);
        Job small = job("small", one.claim("b", "1")).begins();
        large.asks();

        small.ends();

        await().pollInterval(Duration.ofMillis(2)).until(() -> large.hasGivenWay);
    }

    @Test
    void placeOfACallerWhoComesFirstIsKeptForAMoment() throws InterruptedException {
        Processors one = processors(1);
        Job large = job("large", one.claim("a", "1")).begins();
        pass(MUCH);
        Job decoded = job("decoded", one.claim("b", "1")).begins();
        large.asks();
        decoded.end();
        Job encoded = job("encoded", one.claim("b", "1")).begins();
        encoded.end();
        await().pollInterval(Duration.ofMillis(2)).until(() -> encoded.hasEnded);
        Thread.sleep(50);
        assertThat(large.hasGivenWay).isFalse();

        pass(MOMENT);

        await().until(() -> large.hasGivenWay);
    }

    @Test
    void callerWhoComesFarBeforeTakesTwoProcessors() throws InterruptedException {
        Processors two = processors(2);
        Job one = job("one", two.claim("a", "1")).begins();
        Job other = job("other", two.claim("a", "2")).begins();
        pass(MUCH);
        Job single = job("single", two.claim("b", "1")).begins();

        one.asks();
        other.asks();

        one.waits();
        other.waits();
        single.ends();
        await().until(() -> one.hasGivenWay && other.hasGivenWay);
    }

    @Test
    void callerWhoComesBeforeByLittleTakesOne() {
        Processors two = processors(2);
        Job one = job("one", two.claim("a", "1")).begins();
        Job other = job("other", two.claim("a", "2")).begins();
        pass(Duration.ofMillis(25));
        job("single", two.claim("b", "1")).begins();

        other.asks();
        other.waits();

        one.asks();
        await().until(() -> one.hasGivenWay);
    }

    @Test
    void connectionThatComesFarBeforeThoseOfItsCallerTakesOne() {
        Processors two = processors(2);
        Job one = job("one", two.claim("a", "1")).begins();
        Job other = job("other", two.claim("a", "2")).begins();
        pass(MUCH);
        job("light", two.claim("a", "3")).begins();

        other.asks();
        other.waits();

        one.asks();
        await().until(() -> one.hasGivenWay);
    }

    @Test
    void whoAsksWhetherItComesNextHearsOfThoseBefore() {
        Processors one = processors(1);
        Job first = job("first", one.claim("a", "1")).begins();
        Claim second = one.claim("a", "1");
        assertThat(second.comesNext()).isFalse();

        first.ends();

        assertThat(second.comesNext()).isTrue();
    }

    @Test
    void whoAsksWhetherItComesNextIsBeforeThoseWhoHaveUsedMore() {
        Processors one = processors(1);
        job("first", one.claim("a", "1")).begins();
        pass(MUCH);

        assertThat(one.claim("b", "1").comesNext()).isTrue();
    }

    @Test
    void whoIsInterruptedWhileItAsksStaysInterrupted() {
        Processors one = processors(1);
        job("first", one.claim("a", "1")).begins();
        Thread.currentThread().interrupt();

        assertThat(one.claim("a", "1").comesNext()).isFalse();

        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void whoHoldsUpOthersKnows() {
        Processors one = processors(1);
        Job many = job("many", one.claim("a", "1")).begins();
        pass(MUCH);
        Claim single = one.claim("b", "1");
        job("single", single).begins();
        assertThat(single.holdsUpOthers()).isFalse();

        many.asks();
        many.waits();

        assertThat(single.holdsUpOthers()).isTrue();
        assertThat(one.claim("a", "1").holdsUpOthers()).isFalse();
    }

    @Test
    void whoGoesOnIsNotHeldUpByWhatComesLater() {
        Processors one = processors(1);
        Job first = job("first", one.claim("a", "1")).begins();
        job("second", one.claim("b", "1")).waits();
        pass(LITTLE);

        first.asks();

        await().pollInterval(Duration.ofMillis(2)).until(() -> first.hasGivenWay);
    }

    @Test
    void connectionThatHasUsedLessComesFirstAmongThoseOfOneCaller() throws InterruptedException {
        Processors one = processors(1);
        Job slow = job("slow", one.claim("a", "1")).begins();
        pass(MUCH);
        slow.ends();
        Job blocker = job("blocker", one.claim("a", "2")).begins();
        Claim again = one.claim("a", "1");
        Claim other = one.claim("a", "3");
        job("slow again", again).waits();
        job("other", other).waits();

        blocker.ends();

        assertBegun("slow", "blocker", "other");
    }

    @Test
    void connectionsOfOneCallerShareItsPart() throws InterruptedException {
        Processors one = processors(1);
        for (int i = 0; i < 3; i++) {
            Job each = job("a" + i, one.claim("a", "" + i)).begins();
            pass(Duration.ofMillis(100));
            each.ends();
        }
        Job single = job("b", one.claim("b", "1")).begins();
        pass(Duration.ofMillis(150));
        Job many = job("a3", one.claim("a", "3")).waits();
        Job again = job("b again", one.claim("b", "1")).waits();

        single.ends();

        // 300 ms of one and 150 of the other, whatever has come first
        assertBegun("a0", "a1", "a2", "b", "b again");
        again.ends();
        many.begins();
    }

    @Test
    void connectionThatSendsLittleComesFarBeforeThoseThatSendOnePictureAfterAnother() {
        Processors one = processors(1);
        for (int round = 0; round < 4; round++) {
            for (int connection = 1; connection <= 4; connection++) {
                one.claim("a", "" + connection).run(turn -> {
                    pass(Duration.ofMillis(100));
                    return "done";
                });
            }
            one.claim("a", "light").run(turn -> {
                pass(LITTLE);
                return "done";
            });
            pass(MOMENT);
        }

        Processors.Rank light = one.claim("a", "light").rank();

        assertThat(light.isFarBefore(one.claim("a", "1").rank())).isTrue();
        assertThat(one.claim("a", "2").rank().isFarBefore(one.claim("a", "1").rank()))
                .isFalse();
    }

    @Test
    void silenceIsWorthNoMoreThanAMoment() throws InterruptedException {
        Processors one = processors(1);
        Job busy = job("busy", one.claim("a", "1")).begins();
        pass(Duration.ofHours(1));
        Job late = job("late", one.claim("b", "1")).begins();
        busy.asks();
        assertBegun("busy", "late");
        assertThat(busy.hasGivenWay).isFalse();

        pass(MUCH);

        await().pollInterval(Duration.ofMillis(2)).until(() -> busy.hasGivenWay);
        assertThat(late.goesOn).isTrue();
    }

    @Test
    void whoIsChargedForItsPartOfWhatIsDoneTogetherStaysAhead() throws InterruptedException {
        Processors one = processors(1);
        one.claim("c", "1").run(turn -> "known before the others");
        List<Claim> together =
                List.of(one.claim("a", "1"), one.claim("b", "1"), one.claim("b", "2"), one.claim("b", "3"));
        Processors.runTogether(together, turn -> {
            pass(MUCH);
            return "done";
        });
        pass(MOMENT);
        Job blocker = job("blocker", one.claim("c", "1")).begins();
        job("b", one.claim("b", "1")).waits();
        job("a", one.claim("a", "1")).waits();

        blocker.ends();

        assertBegun("blocker", "a");
    }

    @Test
    void failureOfTheWorkEndsItsTurn() {
        Processors one = processors(1);

        assertThat(org.assertj.core.api.Assertions.catchThrowable(
                        () -> one.claim("a", "1").run(turn -> {
                            throw new IllegalStateException("broken");
                        })))
                .hasMessage("broken");

        job("next", one.claim("a", "1")).begins();
    }

    @Test
    void searchesAndViewsNeitherWaitForUploadsNorStopThem() {
        Processors one = processors(1);
        Job upload = job("upload", one.claim("a", "1")).begins();

        job("view", one.claim(WorkClass.VIEW, "a", "1")).begins();
        job("search", one.claim(WorkClass.SEARCH, "a", "1")).begins();

        pass(MUCH);
        upload.asks();
        await().pollInterval(Duration.ofMillis(2)).until(() -> upload.hasGivenWay);
    }

    @Test
    void viewOfWhoHasViewedLessComesFirst() {
        Processors one = processors(1);
        Job running = job("many", one.claim(WorkClass.VIEW, "a", "1")).begins();
        job("many", one.claim(WorkClass.VIEW, "a", "2")).waits();
        pass(MUCH);

        job("single", one.claim(WorkClass.VIEW, "b", "1")).begins();

        running.asks();
        running.waits();
    }

    @Test
    void noPlaceIsKeptAfterAView() {
        Processors one = processors(1);
        Job many = job("many", one.claim(WorkClass.VIEW, "a", "1")).begins();
        pass(MUCH);
        Job single = job("single", one.claim(WorkClass.VIEW, "b", "1")).begins();
        many.asks();
        many.waits();

        single.end();

        await().pollInterval(Duration.ofMillis(2)).until(() -> many.hasGivenWay);
    }

    @Test
    void rankOfASearchComesBeforeThatOfAViewAndThatBeforeThatOfAnUploadWhateverWasUsed() {
        Processors one = processors(1);
        for (WorkClass workClass : List.of(WorkClass.SEARCH, WorkClass.VIEW)) {
            one.claim(workClass, "a", "1").run(turn -> {
                pass(Duration.ofSeconds(90));
                return "done";
            });
        }

        Processors.Rank search = one.claim(WorkClass.SEARCH, "a", "1").rank();
        Processors.Rank view = one.claim(WorkClass.VIEW, "a", "1").rank();
        Processors.Rank upload = one.claim("b", "1").rank();

        assertThat(search).isLessThan(view);
        assertThat(view).isLessThan(upload);
        assertThat(view.isFarBefore(upload)).isTrue();
        assertThat(upload.isFarBefore(view)).isFalse();
    }

    @Test
    void whatACallerHasViewedDoesNotCountAgainstItsUploads() {
        Processors one = processors(1);
        one.claim("b", "1").run(turn -> {
            pass(MUCH);
            return "done";
        });
        one.claim(WorkClass.VIEW, "a", "1").run(turn -> {
            pass(Duration.ofSeconds(90));
            return "done";
        });

        assertThat(one.claim("a", "1").rank()).isLessThan(one.claim("b", "1").rank());
    }

    @Test
    void whatTwoSchedulersHaveCountedCannotBeMixed() {
        Claim ours = processors(1).claim("a", "1");
        Claim theirs = processors(1).claim("a", "1");

        assertThatThrownBy(() -> ours.rank().compareTo(theirs.rank()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two schedulers");
        assertThatThrownBy(() -> ours.rank().isFarBefore(theirs.rank())).hasMessageContaining("two schedulers");
        assertThatThrownBy(() -> Processors.runTogether(List.of(ours, theirs), turn -> "done"))
                .hasMessageContaining("several schedulers");
    }

    @Test
    void claimsOfTwoClassesCannotHaveOneTurn() {
        Processors one = processors(1);
        List<Claim> mixed = List.of(one.claim("a", "1"), one.claim(WorkClass.VIEW, "a", "1"));

        assertThatThrownBy(() -> Processors.runTogether(mixed, turn -> "done"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void interruptedThreadWaitsForItsTurnAndStaysInterrupted() throws InterruptedException {
        Processors one = processors(1);
        Job running = job("running", one.claim("a", "1")).begins();
        List<Boolean> interrupted = new CopyOnWriteArrayList<>();
        Thread waiting = new Thread(() -> one.claim("a", "2")
                .run(turn -> interrupted.add(Thread.currentThread().isInterrupted())));
        waiting.start();
        waiting.interrupt();
        waiting.join(50);
        assertThat(interrupted).isEmpty();

        running.ends();
        waiting.join();

        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void strangersAreForgottenBeforeTheyFillTheMemory() {
        Processors one = processors(1);

        for (int i = 0; i < 10_000; i++) {
            one.claim("caller " + i, "1").run(turn -> "done");
            pass(MOMENT);
        }

        assertThat(one.remembered()).isBetween(1, 1_000);
    }
}
