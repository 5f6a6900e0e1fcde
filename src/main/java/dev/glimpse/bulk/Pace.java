package dev.glimpse.bulk;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many requests are under way at the same time, and when the next may begin. For all threads.
 *
 * <p>The number grows by one while that makes the whole faster, and is halved when the server says that it is too much. So a server is
 * given what it can encode, and not more. While the server is busy or away, nothing begins.
 */
final class Pace {
    static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private static final int FIRST = 2;

    /** What one more request must bring to be kept. */
    private static final double GAIN = 1.05;

    private static final long WINDOW = TimeUnit.SECONDS.toNanos(2);

    /** So many windows pass before one more is tried again. */
    private static final int REST = 15;

    private final int most;
    private final double rate;
    private final Duration firstWait;
    private final LongSupplier clock;

    private int limit;
    private int active;
    private long begin;
    private long nextSlot;
    private long lastCut;
    private boolean hasTrouble;
    private long troubleStart;
    private int misses;

    private long windowStart;
    private long windowPictures;
    private boolean isFull;
    private boolean isSettling = true;
    private boolean hasGrown;
    private double rateBefore;
    private int rest;

    /**
     * @param most requests at the same time
     * @param rate most pictures a second that begin to be sent; infinite if there is no such bound
     * @param firstWait how long nothing begins after a first failure, if the server does not say it; it doubles with each, to 16 times
     * @param clock as {@link System#nanoTime}
     */
    Pace(int most, double rate, Duration firstWait, LongSupplier clock) {
        this.most = most;
        this.rate = rate;
        this.firstWait = firstWait;
        this.clock = clock;
        this.limit = Math.min(FIRST, most);
        long now = clock.getAsLong();
        this.begin = now;
        this.nextSlot = now;
        this.lastCut = now - 1;
        this.windowStart = now;
    }

    /**
     * Waits until a request may begin. Followed by one call of {@link #leave}.
     *
     * @return when it began, as the clock tells it
     */
    synchronized long enter() throws InterruptedException {
        long wait;
        while ((wait = untilNext()) > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, wait);
        }
        active++;
        isFull |= active == limit;
        return clock.getAsLong();
    }

    synchronized void leave() {
        active--;
        notifyAll();
    }

    /** Waits until the server is neither busy nor away; for requests that are not counted. */
    synchronized void awaitOpen() throws InterruptedException {
        long wait;
        while ((wait = begin - clock.getAsLong()) > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, wait);
        }
    }

    /** How long until a request may begin, in nanoseconds, if nothing changes; 0 if it may now. */
    synchronized long untilNext() {
        return active >= limit ? Long.MAX_VALUE / 2 : Math.max(0, begin - clock.getAsLong());
    }

    /** Waits until so many pictures may be sent, by the rate that was asked for. */
    synchronized void awaitSlot(int pictures) throws InterruptedException {
        if (rate == Double.POSITIVE_INFINITY) {
            return;
        }
        long slot = Math.max(nextSlot, clock.getAsLong());
        nextSlot = slot + (long) (pictures / rate * TimeUnit.SECONDS.toNanos(1));
        long wait;
        while ((wait = slot - clock.getAsLong()) > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, wait);
        }
    }

    /** Nothing was there to be sent, so more requests would bring nothing. */
    synchronized void unused() {
        isFull = false;
    }

    /** The server took a request and answered for so many pictures. */
    synchronized void answered(int pictures) {
        misses = 0;
        hasTrouble = false;
        windowPictures += pictures;
        adapt(clock.getAsLong());
    }

    /**
     * The server says that it is too much, or that it cannot for now.
     *
     * @param started when the request began. Of requests that were under way together, one halves their number
     * @param retryAfter when to come again, as far as the server says so; at most {@link #LONGEST_WAIT} is waited
     */
    synchronized void busy(long started, @Nullable Duration retryAfter) {
        long now = clock.getAsLong();
        if (started - lastCut > 0) {
            limit = Math.max(1, limit / 2);
            lastCut = now;
            misses++;
        }
        rest = REST;
        pause(now, retryAfter == null ? growingWait() : retryAfter.toNanos());
    }

    /** No server answered. */
    synchronized void away() {
        misses++;
        long now = clock.getAsLong();
        pause(now, growingWait());
    }

    /** For how long the server has been busy or away without a break. Zero if it is not. */
    synchronized Duration trouble() {
        return hasTrouble ? Duration.ofNanos(clock.getAsLong() - troubleStart) : Duration.ZERO;
    }

    synchronized int limit() {
        return limit;
    }

    private long growingWait() {
        return firstWait.toNanos() << Math.min(Math.max(misses - 1, 0), 4);
    }

    private void pause(long now, long wait) {
        if (!hasTrouble) {
            hasTrouble = true;
            troubleStart = now;
        }
        restart(now);
        begin = Math.max(begin, now + Math.min(wait, LONGEST_WAIT.toNanos()));
    }

    private void restart(long now) {
        beginWindow(now);
        isSettling = true;
        hasGrown = false;
        rateBefore = 0;
    }

    private void beginWindow(long now) {
        windowStart = now;
        windowPictures = 0;
        isFull = false;
    }

    private void adapt(long now) {
        long elapsed = now - windowStart;
        if (elapsed < WINDOW) {
            return;
        }
        double measured = (double) windowPictures / elapsed;
        boolean wasFull = isFull;
        beginWindow(now);
        if (isSettling) {
            isSettling = false; // answers to requests of before the change were among those
        } else if (hasGrown && measured < rateBefore * GAIN) {
            limit--;
            rest = REST;
            restart(now);
        } else if (rest > 0) {
            rest--;
        } else if (wasFull && limit < most) {
            limit++;
            restart(now);
            hasGrown = true;
            rateBefore = measured;
        } else {
            hasGrown = false;
        }
    }
}
