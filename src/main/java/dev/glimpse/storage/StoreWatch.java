package dev.glimpse.storage;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Finds out at the start whether the store takes writes, and again while it does not. So a server that nobody uploads to
 * knows it as well, and one whose token was given the right to write says so soon. A store that takes writes is not asked
 * again.
 */
final class StoreWatch implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(StoreWatch.class);

    private final ObjectStore store;
    private final Duration interval;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread watch = new Thread(task, "store-watch");
        watch.setDaemon(true);
        return watch;
    });

    /** What was said last, so that it is said once. */
    private String said = "";

    private volatile boolean running;

    /** @param interval between two looks at a store that takes no writes */
    StoreWatch(ObjectStore store, Duration interval) {
        this.store = store;
        this.interval = interval;
    }

    @Override
    public void start() {
        running = true;
        Future<?> unused = thread.scheduleWithFixedDelay(this::look, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (store.isTried() && store.problem().isEmpty()) {
            say("");
            return;
        }
        try {
            store.tryWriting();
            say("");
        } catch (StoreRefusedException | UntrustedBucketException e) {
            say(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            // The store is away, which is no answer to the question. Searches and uploads say so by themselves.
            log.debug("not known whether the store takes writes", e);
        }
    }

    private void say(String problem) {
        if (said.equals(problem)) {
            return;
        }
        if (problem.isEmpty()) {
            log.info("the store takes writes again");
        } else {
            log.warn("uploads are refused: {}", problem);
        }
        said = problem;
    }

    @Override
    public void stop() {
        running = false;
        thread.shutdownNow();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
