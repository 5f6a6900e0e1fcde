package dev.glimpse.fairness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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

/** Time passes in these tests when a test says so. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FairSchedulerTest {
    private static final Duration LITTLE = Duration.ofMillis(10);
    private static final Duration MOMENT = Duration.ofMillis(20);
    private static final Duration MUCH = Duration.ofSeconds(1);

    private final AtomicLong now = new AtomicLong();
    private final List<String> begun = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Job> jobs = new ArrayList<>();

    /** Each slice that waits reads the clock each time that it looks whether it may run. */
    private final AtomicLong clockReads = new AtomicLong();

    @AfterEach
    void stop() {
        jobs.forEach(Job::end);
        threads.shutdownNow();
    }

    private FairScheduler scheduler(int processors) {
        return new FairScheduler(processors, () -> {
            clockReads.incrementAndGet();
            return now.get();
        });
    }

    private static Flow upload(String client, String connection) {
        return new Flow(client, connection, Purpose.UPLOAD);
    }

    private static Flow view(String client, String connection) {
        return new Flow(client, connection, Purpose.VIEW);
    }

    private static Flow search(String client, String connection) {
        return new Flow(client, connection, Purpose.SEARCH);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Work on a thread of its own. It yields and ends when the test says so. */
    private final class Job {
        private final String name;
        private final CountDownLatch end = new CountDownLatch(1);
        private final CountDownLatch mayYield = new CountDownLatch(1);
        private volatile @Nullable Thread thread;
        private volatile boolean running;
        private volatile boolean hasEnded;
        private volatile boolean hasYielded;

        Job(String name, Ticket ticket) {
            this.name = name;
            jobs.add(this);
            threads.execute(() -> {
                thread = Thread.currentThread();
                ticket.run(this::work);
                hasEnded = true;
            });
        }

        private Void work(Slice slice) {
            begun.add(name);
            running = true;
            waitFor(mayYield);
            slice.yieldToOthers();
            hasYielded = true;
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
            await().pollInterval(Duration.ofMillis(2)).until(() -> running);
            return this;
        }

        Job waits() {
            await().pollInterval(Duration.ofMillis(2)).until(() -> {
                Thread of = thread;
                return of != null && of.getState() == Thread.State.TIMED_WAITING;
            });
            return this;
        }

        void yields() {
            mayYield.countDown();
        }

        void end() {
            mayYield.countDown();
            end.countDown();
        }

        /** Ends this job, and lets the moment pass for which its place is kept. */
        void ends() {
            end();
            await().pollInterval(Duration.ofMillis(2)).until(() -> hasEnded);
            pass(MOMENT);
        }
    }

    private Job job(String name, Ticket ticket) {
        return new Job(name, ticket);
    }

    /** Asserts that these jobs have begun, and that no others begin soon. */
    private void assertBegun(String... names) {
        await().pollInterval(Duration.ofMillis(2)).until(() -> begun.size() >= names.length);
        awaitLooks(jobs.size() - begun.size());
        assertThat(begun).containsExactly(names);
    }

    /** Waits until so many waiting slices have looked, again and again, whether they may run. */
    private void awaitLooks(int waiting) {
        long enough = clockReads.get() + 4L * waiting;
        await().pollInterval(Duration.ofMillis(2)).until(() -> clockReads.get() >= enough);
    }

    @Test
    void asManySlicesRunAsThereAreProcessorsAndTheOthersWaitInOrderOfArrival() {
        FairScheduler two = scheduler(2);
        Job first = job("first", two.ticket(upload("a", "1"))).begins();
        job("second", two.ticket(upload("a", "1"))).begins();
        Ticket third = two.ticket(upload("a", "1"));
        Ticket fourth = two.ticket(upload("a", "1"));
        job("fourth", fourth).waits();
        job("third", third).waits();
        assertBegun("first", "second");

        first.ends();

        assertBegun("first", "second", "third");
    }

    @Test
    void clientThatHasUsedLessTimeGoesFirst() {
        FairScheduler one = scheduler(1);
        Job running = job("many", one.ticket(upload("a", "1"))).begins();
        for (int i = 2; i <= 5; i++) {
            job("many", one.ticket(upload("a", "1"))).waits();
        }
        assertBegun("many");
        pass(MUCH);

        job("single", one.ticket(upload("b", "9"))).begins();

        // It has not waited for the running job, which pauses when it yields.
        running.yields();
        assertBegun("many", "single");
        assertThat(running.hasYielded).isFalse();
    }

    @Test
    void sliceThatHasYieldedRunsOnAfterwards() {
        FairScheduler one = scheduler(1);
        Job large = job("large", one.ticket(upload("a", "1"))).begins();
        pass(MUCH);
        Job small = job("small", one.ticket(upload("b", "1"))).begins();
        large.yields();

        small.ends();

        await().pollInterval(Duration.ofMillis(2)).until(() -> large.hasYielded);
    }

    @Test
    void placeOfAClientWithAClearLeadIsKeptForAMoment() {
        FairScheduler one = scheduler(1);
        Job large = job("large", one.ticket(upload("a", "1"))).begins();
        pass(MUCH);
        Job decoded = job("decoded", one.ticket(upload("b", "1"))).begins();
        large.yields();
        decoded.end();
        Job encoded = job("encoded", one.ticket(upload("b", "1"))).begins();
        encoded.end();
        await().pollInterval(Duration.ofMillis(2)).until(() -> encoded.hasEnded);
        awaitLooks(1);
        assertThat(large.hasYielded).isFalse();

        pass(MOMENT);

        await().until(() -> large.hasYielded);
    }

    @Test
    void clientWithAClearLeadTakesTwoPlaces() {
        FairScheduler two = scheduler(2);
        Job one = job("one", two.ticket(upload("a", "1"))).begins();
        Job other = job("other", two.ticket(upload("a", "2"))).begins();
        pass(MUCH);
        Job single = job("single", two.ticket(upload("b", "1"))).begins();

        one.yields();
        other.yields();

        one.waits();
        other.waits();
        single.ends();
        await().until(() -> one.hasYielded && other.hasYielded);
    }

    @Test
    void clientWithASmallLeadTakesOnePlace() {
        FairScheduler two = scheduler(2);
        Job one = job("one", two.ticket(upload("a", "1"))).begins();
        Job other = job("other", two.ticket(upload("a", "2"))).begins();
        pass(Duration.ofMillis(25));
        job("single", two.ticket(upload("b", "1"))).begins();

        other.yields();
        other.waits();

        one.yields();
        await().until(() -> one.hasYielded);
    }

    @Test
    void connectionWithAClearLeadWithinItsClientTakesOnePlace() {
        FairScheduler two = scheduler(2);
        Job one = job("one", two.ticket(upload("a", "1"))).begins();
        Job other = job("other", two.ticket(upload("a", "2"))).begins();
        pass(MUCH);
        job("light", two.ticket(upload("a", "3"))).begins();

        other.yields();
        other.waits();

        one.yields();
        await().until(() -> one.hasYielded);
    }

    @Test
    void ticketDoesNotComeNextWhileEarlierWorkRuns() {
        FairScheduler one = scheduler(1);
        Job first = job("first", one.ticket(upload("a", "1"))).begins();
        Ticket second = one.ticket(upload("a", "1"));
        assertThat(second.comesNext()).isFalse();

        first.ends();

        assertThat(second.comesNext()).isTrue();
    }

    @Test
    void ticketComesNextWhileAClientRunsThatHasUsedMore() {
        FairScheduler one = scheduler(1);
        job("first", one.ticket(upload("a", "1"))).begins();
        pass(MUCH);

        assertThat(one.ticket(upload("b", "1")).comesNext()).isTrue();
    }

    @Test
    void interruptWhileAskingWhetherItComesNextIsRestored() {
        FairScheduler one = scheduler(1);
        job("first", one.ticket(upload("a", "1"))).begins();
        Thread.currentThread().interrupt();

        assertThat(one.ticket(upload("a", "1")).comesNext()).isFalse();

        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void ticketThatOutranksWaitingWorkHoldsItUp() {
        FairScheduler one = scheduler(1);
        Job many = job("many", one.ticket(upload("a", "1"))).begins();
        pass(MUCH);
        Ticket single = one.ticket(upload("b", "1"));
        job("single", single).begins();
        assertThat(single.holdsUpOthers()).isFalse();

        many.yields();
        many.waits();

        assertThat(single.holdsUpOthers()).isTrue();
        assertThat(one.ticket(upload("a", "1")).holdsUpOthers()).isFalse();
    }

    @Test
    void runningSliceDoesNotYieldToLaterWork() {
        FairScheduler one = scheduler(1);
        Job first = job("first", one.ticket(upload("a", "1"))).begins();
        job("second", one.ticket(upload("b", "1"))).waits();
        pass(LITTLE);

        first.yields();

        await().pollInterval(Duration.ofMillis(2)).until(() -> first.hasYielded);
    }

    @Test
    void connectionThatHasUsedLessGoesFirstAmongThoseOfOneClient() {
        FairScheduler one = scheduler(1);
        Job slow = job("slow", one.ticket(upload("a", "1"))).begins();
        pass(MUCH);
        slow.ends();
        Job blocker = job("blocker", one.ticket(upload("a", "2"))).begins();
        Ticket again = one.ticket(upload("a", "1"));
        Ticket other = one.ticket(upload("a", "3"));
        job("slow again", again).waits();
        job("other", other).waits();

        blocker.ends();

        assertBegun("slow", "blocker", "other");
    }

    @Test
    void connectionsOfOneClientShareItsPart() {
        FairScheduler one = scheduler(1);
        for (int i = 0; i < 3; i++) {
            Job each = job("a" + i, one.ticket(upload("a", "" + i))).begins();
            pass(Duration.ofMillis(100));
            each.ends();
        }
        Job single = job("b", one.ticket(upload("b", "1"))).begins();
        pass(Duration.ofMillis(150));
        Job many = job("a3", one.ticket(upload("a", "3"))).waits();
        Job again = job("b again", one.ticket(upload("b", "1"))).waits();

        single.ends();

        // The clients have used 300 ms and 150 ms, which counts more than the arrival.
        assertBegun("a0", "a1", "a2", "b", "b again");
        again.ends();
        many.begins();
    }

    @Test
    void connectionThatSendsLittleOutranksThoseThatSendOnePictureAfterAnother() {
        FairScheduler one = scheduler(1);
        for (int round = 0; round < 4; round++) {
            for (int connection = 1; connection <= 4; connection++) {
                one.ticket(upload("a", "" + connection)).run(slice -> {
                    pass(Duration.ofMillis(100));
                    return "done";
                });
            }
            one.ticket(upload("a", "light")).run(slice -> {
                pass(LITTLE);
                return "done";
            });
            pass(MOMENT);
        }

        Priority light = one.ticket(upload("a", "light")).priority();

        assertThat(light.outranks(one.ticket(upload("a", "1")).priority())).isTrue();
        assertThat(one.ticket(upload("a", "2"))
                        .priority()
                        .outranks(one.ticket(upload("a", "1")).priority()))
                .isFalse();
    }

    @Test
    void clientThatWasIdleLeadsByAMomentOnly() {
        FairScheduler one = scheduler(1);
        Job busy = job("busy", one.ticket(upload("a", "1"))).begins();
        pass(Duration.ofHours(1));
        Job late = job("late", one.ticket(upload("b", "1"))).begins();
        busy.yields();
        assertBegun("busy", "late");
        assertThat(busy.hasYielded).isFalse();

        pass(MUCH);

        await().pollInterval(Duration.ofMillis(2)).until(() -> busy.hasYielded);
        assertThat(late.running).isTrue();
    }

    @Test
    void ticketsOfABatchAreChargedForTheirPartsOnly() {
        FairScheduler one = scheduler(1);
        one.ticket(upload("c", "1")).run(slice -> "known before the others");
        List<Ticket> together = List.of(
                one.ticket(upload("a", "1")),
                one.ticket(upload("b", "1")),
                one.ticket(upload("b", "2")),
                one.ticket(upload("b", "3")));
        Ticket.runTogether(together, slice -> {
            pass(MUCH);
            return "done";
        });
        pass(MOMENT);
        Job blocker = job("blocker", one.ticket(upload("c", "1"))).begins();
        job("b", one.ticket(upload("b", "1"))).waits();
        job("a", one.ticket(upload("a", "1"))).waits();

        blocker.ends();

        assertBegun("blocker", "a");
    }

    @Test
    void failureOfTheWorkEndsItsSlice() {
        FairScheduler one = scheduler(1);

        assertThat(org.assertj.core.api.Assertions.catchThrowable(
                        () -> one.ticket(upload("a", "1")).run(slice -> {
                            throw new IllegalStateException("broken");
                        })))
                .hasMessage("broken");

        job("next", one.ticket(upload("a", "1"))).begins();
    }

    @Test
    void searchesAndViewsNeitherWaitForUploadsNorStopThem() {
        FairScheduler one = scheduler(1);
        Job upload = job("upload", one.ticket(upload("a", "1"))).begins();

        job("view", one.ticket(view("a", "1"))).begins();
        job("search", one.ticket(search("a", "1"))).begins();

        pass(MUCH);
        upload.yields();
        await().pollInterval(Duration.ofMillis(2)).until(() -> upload.hasYielded);
    }

    @Test
    void viewOfTheClientThatHasViewedLessGoesFirst() {
        FairScheduler one = scheduler(1);
        Job running = job("many", one.ticket(view("a", "1"))).begins();
        job("many", one.ticket(view("a", "2"))).waits();
        pass(MUCH);

        job("single", one.ticket(view("b", "1"))).begins();

        running.yields();
        running.waits();
    }

    @Test
    void noPlaceIsKeptAfterAView() {
        FairScheduler one = scheduler(1);
        Job many = job("many", one.ticket(view("a", "1"))).begins();
        pass(MUCH);
        Job single = job("single", one.ticket(view("b", "1"))).begins();
        many.yields();
        many.waits();

        single.end();

        await().pollInterval(Duration.ofMillis(2)).until(() -> many.hasYielded);
    }

    @Test
    void searchGoesBeforeViewAndViewBeforeUploadWhateverWasUsed() {
        FairScheduler one = scheduler(1);
        for (Purpose purpose : List.of(Purpose.SEARCH, Purpose.VIEW)) {
            one.ticket(new Flow("a", "1", purpose)).run(slice -> {
                pass(Duration.ofSeconds(90));
                return "done";
            });
        }

        Priority search = one.ticket(search("a", "1")).priority();
        Priority view = one.ticket(view("a", "1")).priority();
        Priority upload = one.ticket(upload("b", "1")).priority();

        assertThat(search).isLessThan(view);
        assertThat(view).isLessThan(upload);
        assertThat(view.outranks(upload)).isTrue();
        assertThat(upload.outranks(view)).isFalse();
    }

    @Test
    void viewsOfAClientDoNotCountAgainstItsUploads() {
        FairScheduler one = scheduler(1);
        one.ticket(upload("b", "1")).run(slice -> {
            pass(MUCH);
            return "done";
        });
        one.ticket(view("a", "1")).run(slice -> {
            pass(Duration.ofSeconds(90));
            return "done";
        });

        assertThat(one.ticket(upload("a", "1")).priority())
                .isLessThan(one.ticket(upload("b", "1")).priority());
    }

    @Test
    void ticketsAndPrioritiesOfTwoSchedulersCannotBeMixed() {
        Ticket ours = scheduler(1).ticket(upload("a", "1"));
        Ticket theirs = scheduler(1).ticket(upload("a", "1"));

        assertThatThrownBy(() -> ours.priority().compareTo(theirs.priority()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two schedulers");
        assertThatThrownBy(() -> ours.priority().outranks(theirs.priority())).hasMessageContaining("two schedulers");
        assertThatThrownBy(() -> Ticket.runTogether(List.of(ours, theirs), slice -> "done"))
                .hasMessageContaining("several schedulers");
    }

    @Test
    void ticketsOfTwoPurposesCannotShareASlice() {
        FairScheduler one = scheduler(1);
        List<Ticket> mixed = List.of(one.ticket(upload("a", "1")), one.ticket(view("a", "1")));

        assertThatThrownBy(() -> Ticket.runTogether(mixed, slice -> "done"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void interruptedThreadWaitsAndStaysInterrupted() throws InterruptedException {
        FairScheduler one = scheduler(1);
        Job running = job("running", one.ticket(upload("a", "1"))).begins();
        List<Boolean> interrupted = new CopyOnWriteArrayList<>();
        Thread waiting = new Thread(() -> one.ticket(upload("a", "2"))
                .run(slice -> interrupted.add(Thread.currentThread().isInterrupted())));
        waiting.start();
        waiting.interrupt();
        awaitLooks(1);
        assertThat(interrupted).isEmpty();

        running.ends();
        waiting.join();

        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void idleClientsAreForgottenBeforeTheyFillTheMemory() {
        FairScheduler one = scheduler(1);

        for (int i = 0; i < 10_000; i++) {
            one.ticket(upload("client " + i, "1")).run(slice -> "done");
            pass(MOMENT);
        }

        assertThat(one.clientCount()).isBetween(1, 1_000);
    }
}
