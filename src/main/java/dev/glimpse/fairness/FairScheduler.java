package dev.glimpse.fairness;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Shares the processors fairly among {@link Flow}s. Of each {@link Purpose}, no more slices run at the same time than there are
 * processors, and the client that has used the least time goes first. So neither a client that sends a thousand pictures nor one whose
 * pictures take seconds holds up the picture of another client. Safe for use by several threads.
 *
 * <p>Purposes do not wait for each other. If slices of several purposes run, the operating system divides the processors among them. So
 * searches and views never wait for uploads, and no number of them stops the uploads.
 *
 * <p>This is fair queueing by virtual time (Demers, Keshav and Shenker, 1989), of clients and of the connections of each client. Deficit
 * round robin is simpler, and was measured to delay others twice as long: docs/benchmarks/fair-queueing.txt. This scheduler is
 * cooperative: running work calls {@link Slice#yieldToOthers}, and work that goes first starts without waiting for that call.
 *
 * <p>A server has one scheduler. The tickets and priorities of two schedulers cannot be mixed: an attempt throws an
 * {@link IllegalArgumentException}.
 */
public final class FairScheduler {
    /** How long {@link Ticket#comesNext} waits, and the least time between two checks of a running slice. */
    static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /**
     * After the slice of an upload, a place is kept for its connection for this long, because the picture that was decoded will be
     * encoded next ("anticipatory scheduling", Iyer and Druschel, 2001).
     */
    private static final long ANTICIPATION_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** A slice of a client with a clear lead counts as two, because handling its requests and the store needs a processor as well. */
    private static final long PLACES_OF_CLEAR_LEAD = 2;

    /**
     * Waiting slices check by themselves this often. Nobody can wake them in time: the order changes while a running slice uses time,
     * and running work may never call {@link Slice#yieldToOthers}.
     */
    private static final long POLL_MILLIS = 10;

    private final int processors;
    private final LongSupplier clock;
    private final AtomicLong arrivals = new AtomicLong();

    // The lock of this guards the following fields, and all accounts and slices in them.

    private final Map<Purpose, Account> accounts = new EnumMap<>(Purpose.class);

    /** Slices that run or wait. */
    private final List<Slice> slices = new ArrayList<>();

    /** Uploads whose last slice ended a moment ago. Searches and views need only one slice each. */
    private final List<FlowAccounts> anticipated = new ArrayList<>();

    /** @param processors the number of slices of one purpose that may run at the same time */
    public FairScheduler(int processors) {
        this(processors, System::nanoTime);
    }

    /** @param clock gives nanoseconds */
    FairScheduler(int processors, LongSupplier clock) {
        this.processors = processors;
        this.clock = clock;
        for (Purpose purpose : Purpose.values()) {
            accounts.put(purpose, new Account(0));
        }
    }

    /** Makes a ticket for one search, view or upload of this flow. Of two tickets of one connection, the earlier one goes first. */
    public Ticket ticket(Flow flow) {
        return new Ticket(this, flow, arrivals.incrementAndGet());
    }

    synchronized Priority priorityOf(Ticket ticket) {
        settle();
        return accountsOf(ticket).priority();
    }

    /** See {@link Ticket#comesNext}. */
    synchronized boolean comesNext(Ticket ticket) {
        if (!mayRun(priorityOf(ticket))) {
            try {
                TimeUnit.NANOSECONDS.timedWait(this, MOMENT_NANOS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return mayRun(priorityOf(ticket));
    }

    /** See {@link Ticket#holdsUpOthers}. */
    synchronized boolean holdsUpOthers(Ticket ticket) {
        Priority priority = priorityOf(ticket);
        return slices.stream()
                .filter(slice -> !slice.isRunning())
                .map(Slice::priority)
                .anyMatch(waiting -> waiting.purpose() == priority.purpose() && priority.outranks(waiting));
    }

    /**
     * Begins a slice. It counts as running at once.
     *
     * @throws IllegalArgumentException if the tickets are of several schedulers or purposes
     */
    synchronized Slice begin(List<Ticket> tickets) {
        Purpose purpose = tickets.get(0).flow().purpose();
        if (tickets.stream()
                .anyMatch(ticket -> ticket.scheduler() != this || ticket.flow().purpose() != purpose)) {
            throw new IllegalArgumentException("tickets of several schedulers or purposes cannot share a slice");
        }
        long now = settle();
        Slice slice = new Slice(this, tickets.stream().map(this::accountsOf).toList(), now);
        slice.accounts().forEach(FlowAccounts::begin);
        slices.add(slice);
        return slice;
    }

    /** Waits until this slice may run, and returns the time of the last check. An interrupt does not end the wait; it is restored. */
    synchronized long await(Slice slice) {
        boolean interrupted = false;
        long checkedAt = settle();
        while (!mayRun(slice.priority())) {
            slice.setRunning(false);
            try {
                wait(POLL_MILLIS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            checkedAt = settle();
        }
        slice.setRunning(true);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return checkedAt;
    }

    synchronized void end(Slice slice) {
        long now = settle();
        slices.remove(slice);
        for (FlowAccounts ended : slice.accounts()) {
            ended.end(now);
            if (ended.ofConnection().isIdle() && ended.purpose() == Purpose.UPLOAD) {
                anticipated.add(ended);
            }
        }
        notifyAll();
    }

    long now() {
        return clock.getAsLong();
    }

    /** Charges all running slices for their time until now. Returns now. */
    private long settle() {
        long now = now();
        slices.forEach(slice -> slice.settle(now));
        anticipated.removeIf(upload ->
                !upload.ofConnection().isIdle() || now - upload.ofConnection().idleSince() >= ANTICIPATION_NANOS);
        return now;
    }

    /** Whether fewer places are taken by work that goes first than there are processors. */
    private boolean mayRun(Priority priority) {
        long taken = slices.stream()
                .map(Slice::priority)
                .filter(other -> other.purpose() == priority.purpose())
                .mapToLong(other -> placesBefore(other, priority))
                .sum();
        long expected = anticipated.stream()
                .map(FlowAccounts::priority)
                .filter(other -> other.purpose() == priority.purpose() && other.clientOutranksThatOf(priority))
                .count();
        return taken + PLACES_OF_CLEAR_LEAD * expected < processors;
    }

    private static long placesBefore(Priority other, Priority priority) {
        if (other.clientOutranksThatOf(priority)) {
            return PLACES_OF_CLEAR_LEAD;
        }
        return other.compareTo(priority) < 0 ? 1 : 0;
    }

    private FlowAccounts accountsOf(Ticket ticket) {
        Flow flow = ticket.flow();
        Account ofPurpose = Objects.requireNonNull(accounts.get(flow.purpose()));
        Account ofClient = ofPurpose.part(flow.client(), ticket.arrival());
        Account ofConnection = ofClient.part(flow.connection(), ticket.arrival());
        return new FlowAccounts(this, flow.purpose(), ofPurpose, ofClient, ofConnection, ticket.arrival());
    }

    /** The number of clients that have an account, of all purposes together. */
    synchronized int clientCount() {
        return accounts.values().stream().mapToInt(Account::partCount).sum();
    }
}
