package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import java.time.Duration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** Looks for what a crash has left at the start, and leaves nothing behind at the stop. */
final class ConsistencyLifecycle implements SmartLifecycle {
    // With the phase of the requests before (see application.yml) and the ends of the pools after, it stays below 28 s.
    private static final Duration COMMITS = Duration.ofSeconds(5);
    private static final Duration MARKERS = Duration.ofSeconds(2);

    private final ImageDataset dataset;
    private final IntentMarkers intents;
    private final Recovery recovery;
    private final Verifier verifier;
    private final Trash trash;
    private final ThreadPoolTaskScheduler thread;
    private volatile boolean running;

    ConsistencyLifecycle(
            ImageDataset dataset,
            IntentMarkers intents,
            Recovery recovery,
            Verifier verifier,
            Trash trash,
            ThreadPoolTaskScheduler thread) {
        this.dataset = dataset;
        this.intents = intents;
        this.recovery = recovery;
        this.verifier = verifier;
        this.trash = trash;
        this.thread = thread;
    }

    @Override
    public void start() {
        running = true;
        dataset.whenRowsMayBeMissing(verifier::repairUntilDone);
        recovery.start();
        trash.start(thread);
    }

    /** The requests have ended by then, as their phase stops before. */
    @Override
    public void stop() {
        dataset.flush(COMMITS);
        intents.awaitNone(MARKERS);
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE - 1024;
    }
}
