package dev.glimpse.bulk;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Brings pictures to the server: asks which it lacks, and sends these, many in a request. One thread asks; others send. A picture that
 * fails is tried again, alone in the end, so that it cannot fail others. After a request without an answer it is asked again what the server
 * has, so nothing that arrived is sent twice.
 */
final class Delivery implements AutoCloseable {
    private static final int TRIES = 5;

    /** After so many failures a picture is sent alone: it may be the reason. */
    private static final int ALONE = 2;

    private static final int MOST_ASKED = 500;
    private static final long ASKED_BYTES = 16 << 20;
    private static final long MOST_COLLECTING = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int MOST_SENT = 32;
    private static final long SENT_BYTES = 8 << 20;
    private static final int POLL_MILLIS = 100;
    private static final int UNSUPPORTED = 415;

    private final GlimpseClient client;
    private final Pace pace;
    private final Memory memory;
    private final UnderWay underWay;
    private final Duration patience;
    private final Duration firstWait;
    private final int mostSent;
    private final boolean isAsking;

    private final BlockingQueue<Candidate> toAsk = new LinkedBlockingQueue<>();
    private final Deque<Candidate> toSend = new ArrayDeque<>();
    private final ScheduledThreadPoolExecutor later = new ScheduledThreadPoolExecutor(1, Delivery::daemon);
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean canAsk = true;
    private volatile boolean isStopping;
    private volatile @Nullable String complaint;

    /**
     * @param patience how long a server that is busy or away is waited for
     * @param firstWait before a picture that failed is sent again; it doubles with each attempt
     * @param mostSent pictures in a request; it is also bounded by what servers take
     * @param isAsking whether the server is asked first what it has
     */
    Delivery(
            GlimpseClient client,
            Pace pace,
            Memory memory,
            UnderWay underWay,
            Duration patience,
            Duration firstWait,
            int mostSent,
            boolean isAsking) {
        this.client = client;
        this.pace = pace;
        this.memory = memory;
        this.underWay = underWay;
        this.patience = patience;
        this.firstWait = firstWait;
        this.mostSent = Math.min(mostSent, MOST_SENT);
        this.isAsking = isAsking;
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "bulk-load");
        thread.setDaemon(true);
        return thread;
    }

    /** @param senders the most requests at the same time */
    void start(int senders) {
        threads.add(daemon(this::askAll));
        for (int i = 0; i < senders; i++) {
            threads.add(daemon(this::sendAll));
        }
        threads.forEach(Thread::start);
    }

    /** Takes a picture, of which this becomes the owner. Never blocks: who reads pictures is bounded by {@link Memory}. */
    void offer(Candidate picture) {
        if (underWay.begin(picture)) {
            toAsk.add(picture);
        }
    }

    /** Begins no further request. What is under way may end. */
    void stop() {
        isStopping = true;
        memory.stop();
        synchronized (toSend) {
            toSend.notifyAll();
        }
    }

    boolean isStopping() {
        return isStopping;
    }

    /** Why it was given up; null if it was not. */
    @Nullable String complaint() {
        return complaint;
    }

    private void giveUp(String reason) {
        if (complaint == null) {
            complaint = reason;
        }
        stop();
    }

    // ---- What does the server lack?

    private void askAll() {
        try {
            while (!isStopping) {
                Candidate first = toAsk.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (first != null) {
                    ask(collect(first));
                }
            }
        } catch (InterruptedException e) {
            // Closing does this.
        }
    }

    private List<Candidate> collect(Candidate first) throws InterruptedException {
        List<Candidate> group = new ArrayList<>(List.of(first));
        long end = System.nanoTime() + MOST_COLLECTING;
        long bytes = first.content().size();
        while (group.size() < MOST_ASKED && bytes < ASKED_BYTES) {
            Candidate next = toAsk.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                break;
            }
            group.add(next);
            bytes += next.content().size();
        }
        return group;
    }

    private void ask(List<Candidate> group) throws InterruptedException {
        Set<String> known = isAsking && canAsk ? known(group) : Set.of();
        if (isStopping) {
            return; // they stay in hand: not sent
        }
        List<Candidate> missing = new ArrayList<>();
        for (Candidate picture : group) {
            if (known.contains(picture.sha256())) {
                underWay.loaded(picture, picture.isOffered());
            } else {
                missing.add(picture);
            }
        }
        send(missing, false);
    }

    private Set<String> known(List<Candidate> group) throws InterruptedException {
        List<String> hashes = group.stream().map(Candidate::sha256).toList();
        for (int failures = 0; !isStopping && failures < TRIES; ) {
            pace.awaitOpen();
            long started = System.nanoTime();
            try {
                GlimpseClient.Answer answer = client.ask(hashes);
                if (answer.isOk()) {
                    return GlimpseClient.known(answer);
                }
                if (answer.isBusy()) {
                    pace.busy(started, answer.retryAfter());
                    giveUpIfTooLong(answer.detail());
                } else if (answer.status() < 500) {
                    break; // this server, or this key, cannot be asked
                } else {
                    failures++;
                    pace.away();
                }
            } catch (IOException e) {
                pace.away();
                giveUpIfTooLong("The server stopped answering.");
            }
        }
        canAsk = isStopping;
        return Set.of();
    }

    private void giveUpIfTooLong(String reason) {
        if (pace.trouble().compareTo(patience) >= 0) {
            giveUp(reason);
        }
    }

    // ---- Sending.

    private void send(List<Candidate> pictures, boolean isFirst) {
        synchronized (toSend) {
            for (Candidate picture : pictures) {
                if (isFirst) {
                    toSend.addFirst(picture);
                } else {
                    toSend.addLast(picture);
                }
            }
            toSend.notifyAll();
        }
    }

    private void sendAll() {
        try {
            while (awaitWork()) {
                long started = pace.enter();
                try {
                    List<Candidate> batch = isStopping ? List.of() : batch();
                    if (batch.isEmpty()) {
                        pace.unused();
                    } else {
                        pace.awaitSlot(batch.size());
                        send(batch, started);
                    }
                } finally {
                    pace.leave();
                }
            }
        } catch (InterruptedException e) {
            // Closing does this.
        }
    }

    private boolean awaitWork() throws InterruptedException {
        synchronized (toSend) {
            while (!isStopping && toSend.isEmpty()) {
                toSend.wait();
            }
            return !isStopping;
        }
    }

    private List<Candidate> batch() {
        synchronized (toSend) {
            List<Candidate> batch = new ArrayList<>();
            long bytes = 0;
            while (!toSend.isEmpty() && batch.size() < mostSent) {
                Candidate next = toSend.getFirst();
                boolean isAlone = next.attempts() >= ALONE;
                bytes += next.content().size();
                if (!batch.isEmpty() && (isAlone || bytes > SENT_BYTES)) {
                    break;
                }
                batch.add(toSend.removeFirst());
                if (isAlone) {
                    break;
                }
            }
            return batch;
        }
    }

    private void send(List<Candidate> batch, long started) throws InterruptedException {
        GlimpseClient.Answer answer;
        try {
            answer = client.upload(batch);
        } catch (FileNotFoundException | NoSuchFileException e) {
            gone(batch);
            return;
        } catch (IOException e) {
            unanswered(batch, e);
            return;
        }
        if (answer.isBusy()) {
            busy(batch, started, answer);
        } else if (answer.isOk()) {
            List<GlimpseClient.Item> items = answer.items(batch.size()).orElse(List.of());
            if (items.isEmpty()) {
                batch.forEach(picture -> again(picture, answer.status(), "the answer is not one of Glimpse"));
            } else {
                taken(batch, started, answer, items);
            }
        } else {
            rejected(batch, answer);
        }
    }

    private void taken(
            List<Candidate> batch, long started, GlimpseClient.Answer answer, List<GlimpseClient.Item> items) {
        boolean isAllForLater = items.stream().allMatch(item -> isForLater(item.status()));
        if (isAllForLater && batch.size() > 1) { // no picture is to blame
            busy(batch, started, new GlimpseClient.Answer(503, answer.retryAfter(), answer.body()));
            return;
        }
        pace.answered(batch.size());
        for (int i = 0; i < items.size(); i++) {
            Candidate picture = batch.get(i);
            GlimpseClient.Item item = items.get(i);
            if (item.status() / 100 == 2) {
                underWay.loaded(picture, item.isStored() || picture.isOffered());
            } else if (isForLater(item.status())) {
                again(picture, item.status(), item.detail());
            } else {
                refused(picture, item.status(), item.detail());
            }
        }
    }

    private static boolean isForLater(int status) {
        return status == 408 || status == 429 || status >= 500;
    }

    private void busy(List<Candidate> batch, long started, GlimpseClient.Answer answer) {
        pace.busy(started, answer.retryAfter());
        send(batch, true);
        giveUpIfTooLong("The server takes nothing: " + answer.detail());
    }

    private void rejected(List<Candidate> batch, GlimpseClient.Answer answer) {
        switch (answer.status()) {
            case 401, 403, 404, 405 -> {
                send(batch, true);
                giveUp("The server refuses: " + answer.detail());
            }
            default -> {
                if (isForLater(answer.status())) {
                    batch.forEach(picture -> again(picture, answer.status(), answer.detail()));
                } else if (batch.size() > 1) {
                    pace.answered(0);
                    alone(batch);
                } else {
                    pace.answered(1);
                    refused(batch.get(0), answer.status(), answer.detail());
                }
            }
        }
    }

    /** A request without an answer: the connection ended, or nothing came in time. */
    private void unanswered(List<Candidate> batch, IOException failure) {
        pace.away();
        if (GlimpseClient.isUnreachable(failure)) {
            send(batch, true);
        } else {
            batch.forEach(Candidate::wasOffered);
            batch.forEach(picture -> again(picture, 0, "no answer: " + failure.getMessage()));
        }
        giveUpIfTooLong("The server stopped answering.");
    }

    private void gone(List<Candidate> batch) {
        if (batch.size() == 1) {
            underWay.notLoaded(batch.get(0), Outcome.FAILED, 0, "the file is gone");
        } else {
            alone(batch);
        }
    }

    private void alone(List<Candidate> batch) {
        for (Candidate picture : batch) {
            while (picture.attempts() < ALONE) {
                picture.hasFailed();
            }
        }
        send(batch, true);
    }

    private void again(Candidate picture, int status, String reason) {
        picture.hasFailed();
        if (picture.attempts() >= TRIES) {
            underWay.notLoaded(picture, Outcome.FAILED, status, reason);
            return;
        }
        long wait = firstWait.toMillis() << (picture.attempts() - 1);
        Future<?> unused = later.schedule(() -> toAsk.add(picture), wait, TimeUnit.MILLISECONDS);
    }

    private void refused(Candidate picture, int status, String detail) {
        if (status == UNSUPPORTED) {
            underWay.notLoaded(picture, Outcome.LEFT_OUT, status, detail.replaceFirst("; accepted are.*", ""));
        } else {
            underWay.notLoaded(picture, Outcome.REFUSED, status, detail);
        }
    }

    /** Waits for requests that are under way, up to half a minute, and ends the threads. */
    @Override
    public void close() {
        stop();
        later.shutdownNow();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        try {
            for (Thread thread : threads) {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        threads.forEach(Thread::interrupt);
        List<Candidate> left = new ArrayList<>(toAsk);
        synchronized (toSend) {
            left.addAll(toSend);
        }
        left.forEach(picture -> picture.content().close());
    }
}
