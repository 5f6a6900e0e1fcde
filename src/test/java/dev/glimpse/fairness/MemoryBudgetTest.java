package dev.glimpse.fairness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MemoryBudgetTest {
    private static final Duration LONG = Duration.ofDays(1);

    private final AtomicLong now = new AtomicLong();
    private final FairScheduler scheduler = new FairScheduler(1, now::get);
    private final MemoryBudget budget = new MemoryBudget(scheduler, 10);

    /** What waiting threads have got, and in which order. */
    private final List<String> taken = new CopyOnWriteArrayList<>();

    /** The leases of these threads. */
    private final BlockingQueue<Lease> leases = new LinkedBlockingQueue<>();

    private Lease acquire(long amount, String client) throws Exception {
        return acquire(amount, Purpose.UPLOAD, client);
    }

    private Lease acquire(long amount, Purpose purpose, String client) throws Exception {
        return budget.acquire(amount, scheduler.ticket(new Flow(client, "1", purpose)), LONG);
    }

    /** Starts a thread that acquires memory for an upload, and returns it when it waits. */
    private Thread waiter(long amount, String client) {
        return waiter(amount, Purpose.UPLOAD, client);
    }

    /** Starts a thread that acquires memory, and returns it when it waits. */
    private Thread waiter(long amount, Purpose purpose, String client) {
        Thread waiter = new Thread(() -> {
            try {
                Lease lease = acquire(amount, purpose, client);
                taken.add(client + " " + amount);
                leases.add(lease);
            } catch (Exception e) {
                taken.add(client + " failed: " + e.getClass().getSimpleName());
            }
        });
        waiter.start();
        await().pollInterval(Duration.ofMillis(2)).until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
        return waiter;
    }

    /** Lets the client use the processors for this time. */
    private void use(Purpose purpose, String client, Duration time) {
        scheduler.ticket(new Flow(client, "1", purpose)).run(slice -> now.addAndGet(time.toNanos()));
    }

    @Test
    void leasesTakeNoMoreThanTheBudget() throws Exception {
        Ticket third = scheduler.ticket(new Flow("c", "1", Purpose.UPLOAD));
        Lease first = acquire(6, "a");
        Lease second = acquire(4, "b");
        assertThatThrownBy(() -> budget.acquire(1, third, Duration.ofMillis(1)))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("1 ms");

        second.close();
        assertThat(acquire(1, "c")).isNotNull();
        assertThat(budget.free()).isEqualTo(3);

        first.close();
        assertThat(budget.free()).isEqualTo(9);
    }

    @Test
    void closedLeaseGivesBackOnce() throws Exception {
        Lease lease = acquire(6, "a");

        lease.close();
        lease.close();

        assertThat(budget.free()).isEqualTo(10);
    }

    @Test
    void leaseThatShrinksGivesBackTheRest() throws Exception {
        try (Lease lease = acquire(10, "a")) {
            Thread waiter = waiter(7, "b");

            lease.shrinkTo(3);

            waiter.join();
            assertThat(budget.free()).isZero();
        }
        assertThat(budget.free()).isEqualTo(3);
    }

    @Test
    void leaseNeitherGrowsNorBecomesNegative() throws Exception {
        try (Lease lease = acquire(5, "a")) {
            assertThatThrownBy(() -> lease.shrinkTo(6))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a lease of 5 cannot shrink to 6");
            assertThatThrownBy(() -> lease.shrinkTo(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThat(budget.free()).isEqualTo(5);
        }
    }

    @Test
    void smallAmountDoesNotOvertakeALargeOneThatCameBefore() throws Exception {
        Lease first = acquire(6, "a");
        Thread large = waiter(8, "a");
        Thread small = waiter(1, "a");

        first.close();
        large.join();
        small.join();

        assertThat(budget.free()).isEqualTo(1);
        assertThat(taken).containsExactlyInAnyOrder("a 8", "a 1");
    }

    @Test
    void clientThatHasUsedLessTimeOvertakes() throws Exception {
        use(Purpose.UPLOAD, "a", Duration.ofSeconds(1));
        Lease first = acquire(6, "a");
        Thread large = waiter(10, "a");

        Lease overtaker = acquire(4, "b");

        first.close();
        overtaker.close();
        large.join();
        assertThat(taken).containsExactly("a 10");
    }

    @Test
    void viewGoesBeforeUploadsHoweverMuchWasSearchedAndViewed() throws Exception {
        use(Purpose.SEARCH, "viewer", Duration.ofSeconds(90));
        use(Purpose.VIEW, "viewer", Duration.ofSeconds(90));
        Lease first = acquire(6, "a");
        Thread upload = waiter(10, "b");

        Lease view = acquire(4, Purpose.VIEW, "viewer");

        first.close();
        view.close();
        upload.join();
        assertThat(taken).containsExactly("b 10");
    }

    @Test
    void viewOfTheClientThatHasViewedLessGoesFirst() throws Exception {
        use(Purpose.VIEW, "many", Duration.ofSeconds(1));
        Lease first = acquire(6, "a");
        Thread many = waiter(10, Purpose.VIEW, "many");

        Lease single = acquire(4, Purpose.VIEW, "single");

        first.close();
        single.close();
        many.join();
    }

    @Test
    void uploadWaitsForSomeViewsInARowOnly() throws Exception {
        Lease first = acquire(10, "a");
        Thread upload = waiter(10, "b");
        List<Thread> views = new ArrayList<>();
        for (int i = 1; i <= MemoryBudget.MAX_OVERTAKERS + 1; i++) {
            views.add(waiter(10, Purpose.VIEW, "view " + i));
        }

        first.close();
        for (int i = 1; i <= MemoryBudget.MAX_OVERTAKERS; i++) {
            Lease view = leases.take();
            assertThat(taken).hasSize(i).allMatch(taker -> taker.startsWith("view"));
            view.close();
        }
        upload.join();
        leases.take().close();

        for (Thread view : views) {
            view.join();
        }
        assertThat(taken).hasSize(MemoryBudget.MAX_OVERTAKERS + 2);
        assertThat(taken.get(MemoryBudget.MAX_OVERTAKERS)).isEqualTo("b 10");
    }

    @Test
    void ticketOfAnotherSchedulerIsRefused() {
        Ticket stranger = new FairScheduler(1).ticket(new Flow("a", "1", Purpose.UPLOAD));

        assertThatThrownBy(() -> budget.acquire(1, stranger, LONG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another scheduler");

        assertThat(budget.free()).isEqualTo(10);
    }

    @Test
    void interruptedWaiterLetsTheNextOneThrough() throws Exception {
        try (Lease first = acquire(6, "a")) {
            Thread large = waiter(8, "a");
            Thread small = waiter(1, "a");

            large.interrupt();
            large.join();
            small.join();

            assertThat(taken).containsExactlyInAnyOrder("a failed: InterruptedException", "a 1");
            first.shrinkTo(0);
        }
    }
}
