package dev.glimpse.migration;

import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecoderBusyException;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.vectors.Embedding;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * Makes the vectors of pictures that are in the store, some at a time. Decoding and encoding take turns with uploads, and wait for searches and
 * views. For one thread, which waits. Owns threads; close it after the last use.
 */
final class VectorMaker implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VectorMaker.class);

    /** Pictures that are fetched, decoded or encoded at the same time. */
    private static final int AT_ONCE = 4;

    private final RowDeriver deriver;
    private final FairScheduler scheduler;
    private final long pauseNanos;
    private final LongSupplier clock;
    private final ThreadPoolTaskExecutor threads;

    /** A picture that cannot be decoded so many times, although others can, is left alone for a while. */
    private static final int TRIES = 3;

    /** What is wrong with a picture may pass: it may be restored, or have taken long because of other work. */
    private static final Duration LEFT_ALONE = Duration.ofHours(1);

    /** A picture that gets no vector for now. */
    private record Skipped(String why, long sinceNanos) {}

    private final Map<ImageId, Skipped> skipped = new ConcurrentHashMap<>();

    private final Map<ImageId, Integer> failed = new ConcurrentHashMap<>();

    private long nextNanos;

    /** @param perSecond the most pictures in a second; 0 for no such bound */
    VectorMaker(RowDeriver deriver, FairScheduler scheduler, double perSecond) {
        this(deriver, scheduler, perSecond, System::nanoTime);
    }

    /** @param clock in nanoseconds */
    VectorMaker(RowDeriver deriver, FairScheduler scheduler, double perSecond, LongSupplier clock) {
        this.clock = clock;
        this.nextNanos = clock.getAsLong();
        this.deriver = deriver;
        this.scheduler = scheduler;
        this.pauseNanos = perSecond == 0 ? 0 : (long) (1e9 / perSecond);
        this.threads = StoreThreads.pool("migration-", AT_ONCE, Integer.MAX_VALUE);
        threads.setTaskDecorator(RequestMeter::carry);
        threads.initialize();
    }

    /**
     * Adds the vectors of these pictures, as far as they can be made now.
     *
     * @param made those that are in it already are not made again
     * @param mayGoOn asked before each picture, on this thread; after a no, no further one is begun
     * @return whether each picture had its turn; false if {@code mayGoOn} said no before
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer; what was made before is added
     */
    boolean make(List<ImageId> ids, ClipModel model, Map<ImageId, Embedding> made, BooleanSupplier mayGoOn)
            throws InterruptedException {
        List<CompletableFuture<Void>> running = new ArrayList<>();
        try {
            for (ImageId id : ids) {
                if (made.containsKey(id)) {
                    continue;
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedException("the server stops");
                }
                pace();
                if (!mayGoOn.getAsBoolean()) {
                    return false;
                }
                if (running.size() >= AT_ONCE) {
                    join(running.remove(0));
                }
                running.add(CompletableFuture.runAsync(() -> makeOne(id, model, made), threads));
            }
            return true;
        } finally {
            // All have ended before one of them is told of: none may add a vector later.
            CompletableFuture<Void> all = CompletableFuture.allOf(running.toArray(CompletableFuture[]::new));
            join(all.thenRun(() -> {}));
        }
    }

    private void pace() {
        if (pauseNanos > 0) {
            long now = clock.getAsLong();
            if (nextNanos - now > 0) {
                LockSupport.parkNanos(nextNanos - now);
            }
            nextNanos = Math.max(now, nextNanos) + pauseNanos;
        }
    }

    private static void join(CompletableFuture<Void> one) {
        try {
            one.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private void makeOne(ImageId id, ClipModel model, Map<ImageId, Embedding> made) {
        try {
            Optional<Embedding> vector = RequestMeter.using(
                    StoreUse.UPKEEP,
                    () -> deriver.vectorOf(id, model, scheduler.ticket(new Flow("migration", "", Purpose.UPLOAD))));
            if (vector.isPresent()) {
                made.put(id, vector.get());
            } else {
                skip(id, "the picture is not in the store");
            }
        } catch (UnsupportedImageException | DamagedImageException | ImageTooLargeException | ImageTooSlowException e) {
            skip(id, String.valueOf(e.getMessage()));
        } catch (DecoderBusyException | EncoderBusyException e) {
            // It comes again in a later batch.
            log.debug("{} gets its vector later", id, e);
        } catch (DecoderUnavailableException e) {
            if (failed.merge(id, 1, Integer::sum) >= TRIES) {
                failed.remove(id);
                skip(id, String.valueOf(e.getMessage()));
            }
        }
    }

    /** Leaves a picture alone for a while. */
    void skip(ImageId id, String why) {
        skipped.put(id, new Skipped(why, clock.getAsLong()));
        log.warn("{} gets no vector of the other model: {}", id, why);
    }

    /** Whether a vector of this picture may be made. */
    boolean wants(ImageId id) {
        Skipped now = skipped.get(id);
        if (now != null && clock.getAsLong() - now.sinceNanos > LEFT_ALONE.toNanos()) {
            skipped.remove(id, now);
            return true;
        }
        return now == null;
    }

    /** Pictures that have got no vector, and why. */
    Map<ImageId, String> skipped() {
        return skipped.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, skip -> skip.getValue().why));
    }

    /** Forgets which pictures got no vector. */
    void forget() {
        skipped.clear();
        failed.clear();
    }

    /** Twice is fine. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
