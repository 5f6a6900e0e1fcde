package dev.glimpse.image;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Shares the processors among those for whom pictures and texts are decoded and encoded. Of each {@link WorkClass} no more turns go
 * on than there are processors, and first come those for whom least was done of late. So neither a client with a thousand pictures
 * nor one whose pictures take seconds holds up the picture of another. Safe to share between threads.
 *
 * <p>Each class is fair in itself, and its turns do not wait for those of another: the operating system divides the processors
 * between them. So searches and views never wait for uploads, and no flood of them stops uploads.
 *
 * <p>A server has one scheduler. Two schedulers count from different zeros, so their claims and ranks cannot be mixed: an attempt
 * throws an {@link IllegalArgumentException}.
 *
 * <p>This is fair queueing by virtual time (Demers, Keshav and Shenker, 1989) of callers, and of the connections of each. Nobody
 * can be stopped from outside: who has a turn asks again and again whether to go on, and who comes first does not wait for that.
 */
public final class Processors {
    /** Within it first come, first served; otherwise turns would change hands all the time. */
    private static final long QUANTUM = TimeUnit.MILLISECONDS.toNanos(50);

    /** What those who were silent have in advance of those who were not. */
    private static final long CREDIT = 4 * QUANTUM;

    /** Quanta, by which those who send now and then come before those who always do. */
    private static final long FAR = 2;

    /**
     * Who has had a turn is likely to want the next one: the picture that was decoded is to be encoded. As long, its place is
     * kept ("anticipatory scheduling", Iyer and Druschel, 2001).
     */
    private static final long ANTICIPATION = TimeUnit.MILLISECONDS.toNanos(20);

    /** Of each turn of callers who come far before: what else is to be done for them, by HTTP and in the store, needs one too. */
    private static final long PROCESSORS_OF_THE_FAR = 2;

    /** Those who send one picture after another have no turns while they wait for answers, and are busy all the same. */
    private static final long OF_LATE = TimeUnit.SECONDS.toNanos(1);

    private static final long BETWEEN_LOOKS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Who waits looks by itself too: who goes on may not come to ask. */
    private static final long LONGEST_WAIT_MILLIS = 10;

    /** Remembered for what was done for them of late; who is forgotten begins anew. */
    private static final int MOST_REMEMBERED = 1_000;

    private final int count;
    private final LongSupplier clock;
    private final AtomicLong arrivals = new AtomicLong();

    // Guarded by this, as all that is in them.
    private final Map<WorkClass, Share> everybody = new EnumMap<>(WorkClass.class);
    private final List<Turn> turns = new ArrayList<>();

    /** Uploads that had a turn a moment ago. Searches and views need no second one. */
    private final List<Seat> lately = new ArrayList<>();

    /** @param count of turns of one class that go on at the same time */
    public Processors(int count) {
        this(count, System::nanoTime);
    }

    /** @param clock of nanoseconds */
    Processors(int count, LongSupplier clock) {
        this.count = count;
        this.clock = clock;
        for (WorkClass workClass : WorkClass.values()) {
            everybody.put(workClass, new Share(0));
        }
    }

    /** For one picture that is uploaded, or whose row is made again. */
    public Claim claim(String caller, String connection) {
        return claim(WorkClass.UPLOAD, caller, connection);
    }

    /** For one search, view or upload. */
    public Claim claim(WorkClass workClass, String caller, String connection) {
        return new Claim(workClass, caller, connection, arrivals.incrementAndGet());
    }

    /** How many callers are remembered, of all classes. */
    synchronized int remembered() {
        return everybody.values().stream().mapToInt(share -> share.parts.size()).sum();
    }

    /**
     * Does work for all of them together, each of whom pays its part, on the calling thread and at once: whoever comes after the
     * first of them waits.
     *
     * @param claims of one scheduler and one class
     * @throws IllegalArgumentException if they are of several
     */
    public static <T, E extends Exception> T runTogether(List<Claim> claims, Work<T, E> work) throws E {
        Turn turn = claims.get(0).processors().begin(claims);
        try {
            return work.run(turn);
        } finally {
            turn.end();
        }
    }

    private boolean isAmongTheFirst(Rank rank) {
        long before = turns.stream()
                .map(Turn::rank)
                .filter(other -> other.workClass() == rank.workClass())
                .mapToLong(other ->
                        other.isOfCallerFarBefore(rank) ? PROCESSORS_OF_THE_FAR : other.compareTo(rank) < 0 ? 1 : 0)
                .sum();
        long expected = lately.stream()
                .map(Seat::rank)
                .filter(other -> other.workClass() == rank.workClass() && other.isOfCallerFarBefore(rank))
                .count();
        return before + PROCESSORS_OF_THE_FAR * expected < count;
    }

    private synchronized Turn begin(List<Claim> claims) {
        Claim first = claims.get(0);
        if (claims.stream().anyMatch(claim -> claim.processors() != this || claim.workClass != first.workClass)) {
            throw new IllegalArgumentException("claims of several schedulers or classes cannot have one turn");
        }
        long now = settleAll();
        List<Seat> seats = claims.stream().map(Claim::seat).toList();
        seats.forEach(Seat::join);
        Turn turn = new Turn(seats, now);
        turns.add(turn);
        return turn;
    }

    /** That something is to be done for somebody. Safe to share between threads. */
    public final class Claim {
        private final WorkClass workClass;
        private final String caller;
        private final String connection;
        private final long arrival;

        private Claim(WorkClass workClass, String caller, String connection, long arrival) {
            this.workClass = workClass;
            this.caller = caller;
            this.connection = connection;
            this.arrival = arrival;
        }

        /** As of now. */
        public Rank rank() {
            synchronized (Processors.this) {
                settleAll();
                return seat().rank();
            }
        }

        /** Does the work on the calling thread, when it is its turn. */
        public <T, E extends Exception> T run(Work<T, E> work) throws E {
            return runTogether(List.of(this), turn -> {
                turn.await();
                return work.run(turn);
            });
        }

        /** Whether it is its turn, or comes to be within a moment. An interrupt ends the moment. */
        public boolean comesNext() {
            synchronized (Processors.this) {
                if (!isAmongTheFirst(rank())) {
                    try {
                        TimeUnit.NANOSECONDS.timedWait(Processors.this, BETWEEN_LOOKS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                return isAmongTheFirst(rank());
            }
        }

        /** Whether somebody of its class waits who comes far after it. */
        public boolean holdsUpOthers() {
            synchronized (Processors.this) {
                Rank rank = rank();
                return turns.stream()
                        .filter(turn -> !turn.goesOn)
                        .map(Turn::rank)
                        .anyMatch(other -> other.workClass() == workClass && rank.isFarBefore(other));
            }
        }

        private Processors processors() {
            return Processors.this;
        }

        private Seat seat() {
            Share ofCaller = ofClass(workClass).part(caller, arrival);
            return new Seat(workClass, ofCaller, ofCaller.part(connection, arrival), arrival);
        }
    }

    /** What needs a processor. */
    public interface Work<T, E extends Exception> {
        /** Does it. The turn is valid during the call alone, on its thread. */
        T run(Turn turn) throws E;
    }

    /**
     * Who comes first at one moment: the least. Comparing ranks of two schedulers throws an {@link IllegalArgumentException}.
     *
     * @param scheduler that counts what is used
     * @param workClass comes before what was used
     * @param usedByCaller quanta
     * @param caller a number
     * @param usedByConnection quanta
     * @param arrival a number
     */
    public record Rank(
            Processors scheduler,
            WorkClass workClass,
            long usedByCaller,
            long caller,
            long usedByConnection,
            long arrival)
            implements Comparable<Rank> {
        private static final Comparator<Rank> ORDER = Comparator.comparing(Rank::workClass)
                .thenComparingLong(Rank::usedByCaller)
                // All of one caller stay together: their connections are compared with each other alone.
                .thenComparingLong(Rank::caller)
                .thenComparingLong(Rank::usedByConnection)
                .thenComparingLong(Rank::arrival);

        /** So far that it is not to be encoded together with the other. */
        public boolean isFarBefore(Rank other) {
            requireSameScheduler(other);
            if (workClass != other.workClass) {
                return isOfEarlierClassThan(other);
            }
            return caller == other.caller
                    ? usedByConnection + FAR <= other.usedByConnection
                    : isOfCallerFarBefore(other);
        }

        /** Whether it comes first whatever was used, as searches and views do before uploads. */
        boolean isOfEarlierClassThan(Rank other) {
            return workClass.compareTo(other.workClass) < 0;
        }

        private boolean isOfCallerFarBefore(Rank other) {
            return usedByCaller + FAR <= other.usedByCaller;
        }

        private void requireSameScheduler(Rank other) {
            if (scheduler != other.scheduler) {
                throw new IllegalArgumentException("ranks of two schedulers cannot be compared");
            }
        }

        @Override
        public int compareTo(Rank other) {
            requireSameScheduler(other);
            return ORDER.compare(this, other);
        }
    }

    /** To go on. For one thread. */
    public final class Turn {
        private final List<Seat> seats;
        private boolean goesOn = true;
        private long settledAt;
        private long lookedAt;

        private Turn(List<Seat> seats, long now) {
            this.seats = seats;
            this.settledAt = now;
        }

        /** Waits while others come first. */
        public void giveWay() {
            if (clock.getAsLong() - lookedAt >= BETWEEN_LOOKS) {
                await();
            }
        }

        private void await() {
            boolean interrupted = false;
            synchronized (Processors.this) {
                lookedAt = settleAll();
                while (!isAmongTheFirst(rank())) {
                    goesOn = false;
                    try {
                        Processors.this.wait(LONGEST_WAIT_MILLIS);
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                    lookedAt = settleAll();
                }
                goesOn = true;
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private Rank rank() {
            return seats.get(0).rank();
        }

        private void settle(long now) {
            if (goesOn) {
                long each = (now - settledAt) / seats.size();
                seats.forEach(seat -> seat.charge(each, now));
            }
            settledAt = now;
        }

        private void end() {
            synchronized (Processors.this) {
                long now = settleAll();
                turns.remove(this);
                seats.forEach(seat -> seat.leave(now));
                Processors.this.notifyAll();
            }
        }
    }

    /** Returns the time until which all is settled. */
    private long settleAll() {
        long now = clock.getAsLong();
        turns.forEach(turn -> turn.settle(now));
        lately.removeIf(seat -> seat.ofConnection.turns > 0 || now - seat.ofConnection.leftAt >= ANTICIPATION);
        return now;
    }

    private Share ofClass(WorkClass workClass) {
        return Objects.requireNonNull(everybody.get(workClass));
    }

    /** Of one claim. */
    private final class Seat {
        private final WorkClass workClass;
        private final Share ofCaller;
        private final Share ofConnection;
        private final long arrival;

        Seat(WorkClass workClass, Share ofCaller, Share ofConnection, long arrival) {
            this.workClass = workClass;
            this.ofCaller = ofCaller;
            this.ofConnection = ofConnection;
            this.arrival = arrival;
        }

        Rank rank() {
            return new Rank(
                    Processors.this,
                    workClass,
                    ofCaller.used / QUANTUM,
                    ofCaller.number,
                    ofConnection.used / QUANTUM,
                    arrival);
        }

        void join() {
            ofClass(workClass).join(ofCaller);
            ofCaller.join(ofConnection);
        }

        void charge(long nanos, long now) {
            ofClass(workClass).charge(ofCaller, nanos, now);
            ofCaller.charge(ofConnection, nanos, now);
        }

        void leave(long now) {
            ofCaller.leave(ofConnection, now);
            ofClass(workClass).leave(ofCaller, now);
            if (ofConnection.turns == 0 && workClass == WorkClass.UPLOAD) {
                lately.add(this);
            }
        }
    }

    /** What is done for somebody, and for each part of that: for all of a class, their callers, and the connections of these. */
    private static final class Share {
        private final long number;
        private final Map<String, Share> parts = new HashMap<>();

        /** That go on or wait. */
        private int turns;

        /** Parts that have turns, or have had some of late. */
        private int busyParts;

        /** Those of them that have none. */
        private final List<Share> resting = new ArrayList<>();

        private long leftAt;

        /** Nanoseconds. */
        private long used;

        /** What a part would have used that has always been busy. */
        private long usedByBusyPart;

        Share(long number) {
            this.number = number;
        }

        Share part(String name, long number) {
            if (parts.size() >= MOST_REMEMBERED) {
                parts.values().removeIf(part -> part.turns == 0);
            }
            Share part = parts.computeIfAbsent(name, first -> new Share(number));
            if (part.turns == 0) {
                part.used = Math.max(part.used, usedByBusyPart - CREDIT);
            }
            return part;
        }

        void join(Share part) {
            if (part.turns++ == 0 && !resting.remove(part)) {
                busyParts++;
            }
        }

        void charge(Share part, long nanos, long now) {
            int rested = resting.size();
            resting.removeIf(other -> now - other.leftAt >= OF_LATE);
            busyParts -= rested - resting.size();
            part.used += nanos;
            usedByBusyPart += nanos / busyParts;
        }

        void leave(Share part, long now) {
            if (--part.turns == 0) {
                part.leftAt = now;
                resting.add(part);
            }
        }
    }
}
