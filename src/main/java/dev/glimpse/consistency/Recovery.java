package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.UntrustedBucketException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Finishes the changes of servers that have died, so that no picture stays without its row and no deleted picture comes back. It finds
 * these changes by their markers.
 *
 * <p>Several servers may recover the same pictures at the same time, and a server that was taken for dead may wake up: the commit
 * makes sure that each picture gets one row. Safe for use by several threads.
 */
public final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);

    /** Pictures under way at the same time. Most of them wait for a commit together, so it is two commits' worth. */
    private static final int AT_ONCE = 512;

    /** Deletes of other servers under way at the same time, which leaves threads for those of this one. */
    private static final int DELETES_AT_ONCE = 4;

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final PictureListing pictures;
    private final Reconciler reconciler;
    private final IntentMarkers intents;
    private final Deletion deletion;
    private final Restoration restoration;
    private final Edits edits;
    private final Predicate<String> dead;
    private final WriteTimings timings;
    private final Random chance;
    private final Executor requests;
    private final ThreadPoolTaskScheduler thread;

    /** How often recovery has been asked for since it began to run last. */
    private final AtomicInteger asked = new AtomicInteger();

    /** The next look. Guarded by this. */
    private @Nullable ScheduledFuture<?> next;

    /**
     * @param dead which servers are known to have ended: their markers need not get old
     * @param requests runs what waits for the store
     * @param thread runs the rest; one task of each kind at a time
     */
    Recovery(
            ObjectStore store,
            ImageDataset dataset,
            PictureListing pictures,
            Reconciler reconciler,
            IntentMarkers intents,
            Deletion deletion,
            Restoration restoration,
            Edits edits,
            Predicate<String> dead,
            WriteTimings timings,
            Random chance,
            Executor requests,
            ThreadPoolTaskScheduler thread) {
        this.store = store;
        this.dataset = dataset;
        this.pictures = pictures;
        this.reconciler = reconciler;
        this.intents = intents;
        this.deletion = deletion;
        this.restoration = restoration;
        this.edits = edits;
        this.dead = dead;
        this.timings = timings;
        this.chance = chance;
        this.requests = requests;
        this.thread = thread;
    }

    /** Looks for markers of other servers, now and regularly from now on. If a look is under way, another one follows it. */
    void start() {
        if (asked.getAndIncrement() == 0) {
            thread.execute(this::recoverAsAsked);
        }
    }

    /** Schedules the next look after this time, unless one is scheduled earlier. */
    private synchronized void lookAfter(Duration time) {
        ScheduledFuture<?> before = next;
        if (before != null && !before.isDone() && before.getDelay(TimeUnit.MILLISECONDS) > time.toMillis()) {
            before.cancel(false);
        }
        if (before == null || before.isDone()) {
            next = StoreThreads.scheduleUnlessShutDown(thread, time, this::look);
        }
    }

    private void look() {
        synchronized (this) {
            next = null;
        }
        start();
    }

    private void recoverAsAsked() {
        int answered = asked.get();
        try {
            recover();
        } finally {
            if (asked.addAndGet(-answered) > 0) {
                thread.execute(this::recoverAsAsked);
            }
        }
    }

    private void recover() {
        try {
            // Not when the first upload waits for it.
            store.requireConditionalPuts();
            List<Listed> markers = new ArrayList<>();
            Instant clock = store.list(IntentGroup.MARKERS, markers::add);
            markers.removeIf(marker -> serverOf(marker).equals(intents.server()));
            List<Listed> abandoned = markers.stream()
                    .filter(marker -> dead.test(serverOf(marker)) || isAbandoned(marker, clock))
                    .toList();
            boolean done = abandoned.isEmpty() || recover(abandoned);
            markers.removeAll(abandoned);
            Duration oldest = markers.stream()
                    .map(marker -> Duration.between(marker.lastModified(), clock))
                    .max(Duration::compareTo)
                    .orElse(Duration.ZERO);
            // Most are gone by then. If not, none is older than it has to be; and by chance one server comes before the
            // others.
            Duration young = timings.abandoned()
                    .minus(oldest)
                    .plus(WriteTimings.CLOCK)
                    .plus(byChance(timings.look().dividedBy(6)));
            lookAfter(done ? shortest(timings.look(), young) : shortest(timings.look(), timings.retry()));
        } catch (UntrustedBucketException e) {
            log.error("uploads are refused: {}", e.getMessage());
        } catch (RuntimeException e) {
            log.warn(
                    "the recovery of other servers' changes waits {} s: {}",
                    timings.retry().toSeconds(),
                    e.toString());
            lookAfter(shortest(timings.look(), timings.retry()));
        }
    }

    private boolean isAbandoned(Listed marker, Instant clock) {
        return marker.lastModified().plus(timings.abandoned()).isBefore(clock);
    }

    private Duration byChance(Duration longest) {
        return Duration.ofMillis((long) (chance.nextDouble() * longest.toMillis()));
    }

    private static Duration shortest(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** False if something has failed, or a delete cannot be finished yet, as another server that lives may bring the row. */
    private boolean recover(List<Listed> markers) {
        dataset.requireWritable();
        dataset.refresh().join();
        Map<String, ImageId> deleted = new HashMap<>();
        Map<String, ImageId> restored = new HashMap<>();
        Map<String, ImageId> edited = new HashMap<>();
        List<Listed> uploads = new ArrayList<>();
        for (Listed marker : markers) {
            String key = marker.key();
            Deletion.pictureOf(key).ifPresent(id -> deleted.put(key, id));
            Restoration.pictureOf(key).ifPresent(id -> restored.put(key, id));
            Edits.pictureOf(key).ifPresent(id -> edited.put(key, id));
            if (!deleted.containsKey(key) && !restored.containsKey(key) && !edited.containsKey(key)) {
                uploads.add(marker);
            }
        }
        AtomicInteger finished = new AtomicInteger();
        // Uploads first, as deletes wait for the groups that their pictures came in with.
        boolean done = uploads.isEmpty() || isDone("uploads", () -> recoverUploads(uploads));
        done &= isDone(
                "deletes",
                () -> PictureListing.work(
                        deleted.entrySet(),
                        DELETES_AT_ONCE,
                        delete -> deletion.finishForOther(
                                delete.getKey(), delete.getValue(), finished::incrementAndGet)));
        done &= isDone(
                "restores",
                () -> PictureListing.work(
                        restored.entrySet(),
                        AT_ONCE,
                        restore -> restoration.finishForOther(restore.getKey(), restore.getValue())));
        done &= isDone(
                "edits",
                () -> PictureListing.work(
                        edited.entrySet(), AT_ONCE, edit -> edits.finishForOther(edit.getKey(), edit.getValue())));
        if (!deleted.isEmpty() || !restored.isEmpty() || !edited.isEmpty()) {
            log.info(
                    "finished deletes={} of {} restores={} edits={}",
                    finished,
                    deleted.size(),
                    restored.size(),
                    edited.size());
        }
        return done && finished.get() == deleted.size();
    }

    /** Changes of one kind that fail do not keep those of the other kinds waiting. */
    private boolean isDone(String kind, Runnable changes) {
        try {
            changes.run();
            return true;
        } catch (RuntimeException e) {
            log.warn(
                    "the recovery of other servers' {} waits {} s: {}",
                    kind,
                    timings.retry().toSeconds(),
                    e.toString());
            return false;
        }
    }

    private void recoverUploads(List<Listed> markers) {
        long start = System.nanoTime();
        Set<String> names = new HashSet<>();
        markers.forEach(marker -> names.add(nameOf(marker)));
        Instant since =
                markers.stream().map(this::begunAt).min(Instant::compareTo).orElseThrow();
        List<ImageId> candidates = candidates(since.minus(timings.beforeMarker()));
        AtomicInteger rows = new AtomicInteger();
        PictureListing.work(
                candidates, AT_ONCE, id -> addRowIfOf(names, id).thenAccept(added -> rows.addAndGet(added)));
        markers.forEach(marker -> store.delete(marker.key()));
        log.info(
                "recovered markers={} candidates={} rows={} millis={}",
                markers.size(),
                candidates.size(),
                rows,
                (System.nanoTime() - start) / 1_000_000);
    }

    /** By the store's clock. A marker that was put again is younger than its group; one that is damaged may be of any age. */
    private Instant begunAt(Listed marker) {
        Optional<byte[]> marking = store.get(marker.key());
        if (marking.isEmpty()) {
            return marker.lastModified();
        }
        Optional<Duration> age = IntentGroup.ageIn(marking.get());
        if (age.isEmpty()) {
            log.warn("{} is damaged: all pictures without a row are looked at", marker.key());
        }
        return age.map(marker.lastModified()::minus).orElse(Instant.EPOCH);
    }

    /**
     * Pictures without a row. What waits to be committed has none yet: this server may be about to end as well. Where a source may have had
     * the picture before, its row may say so still.
     */
    private List<ImageId> candidates(Instant since) {
        ConcurrentLinkedQueue<ImageId> found = new ConcurrentLinkedQueue<>();
        pictures.forEach((id, lastModified) -> {
            if (!lastModified.isBefore(since)
                    && (!dataset.stateOf(id).isInTable() || dataset.sourceRows().isAny())) {
                found.add(id);
            }
        });
        return List.copyOf(found);
    }

    /** Completes with 1 if the picture is of one of these groups, and its row committed, else with 0. */
    private CompletableFuture<Integer> addRowIfOf(Set<String> names, ImageId id) {
        return CompletableFuture.supplyAsync(
                        () -> store.head(id.toString())
                                .map(IntentGroup::nameIn)
                                .filter(names::contains)
                                .isPresent(),
                        requests)
                .thenCompose(isOf -> isOf ? reconciler.reconcile(id) : CompletableFuture.completedFuture(false))
                .thenApply(added -> added ? 1 : 0);
    }

    private static String nameOf(Listed marker) {
        return marker.key().substring(IntentGroup.MARKERS.length());
    }

    private static String serverOf(Listed marker) {
        String name = nameOf(marker);
        return name.substring(0, Math.max(0, name.indexOf('/')));
    }
}
