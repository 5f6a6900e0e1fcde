package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** One client that searches, ten times a second at most, for texts that the server has searched before. */
final class Searches implements AutoCloseable {
    private static final List<String> TEXTS =
            List.of("a red circle", "blue sky", "clouds", "a green square", "noise", "a photo of the sea");
    private static final int HITS = 10;
    private static final long PAUSE_MILLIS = 100;

    private final Client client;
    private final List<Double> seconds = Collections.synchronizedList(new ArrayList<>());
    private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private int next;

    /** Begins when the server knows all texts. */
    Searches(Client client) {
        this.client = client;
        for (String text : TEXTS) {
            client.search(text, HITS);
        }
        ScheduledFuture<?> unused = thread.scheduleWithFixedDelay(this::search, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void search() {
        try {
            long start = System.nanoTime();
            Client.Answer answer = client.search(TEXTS.get(next++ % TEXTS.size()), HITS);
            seconds.add(Report.seconds(start));
            if (answer.status() != 200) {
                failures.add(answer.toString());
            }
        } catch (RuntimeException | AssertionError e) {
            failures.add(e.toString());
        }
    }

    int count() {
        return seconds.size();
    }

    /** Of the searches so far, in milliseconds. */
    double millis(double quantile) {
        return Report.quantile(List.copyOf(seconds), quantile) * 1e3;
    }

    /** What was answered other than with hits. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        thread.shutdown();
        try {
            boolean unused = thread.awaitTermination(5, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
