package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import dev.glimpse.storage.UntrustedBucketException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Sees to it that no picture stays without its row, and no deleted one comes back: after a crash of some server, by the
 * markers that it left, and after uploads of this one of which it is not known whether the store has the picture.
 *
 * <p>Several servers may do this for the same pictures at once, and the server that was taken for dead may wake up:
 * the commit sees to it that each picture gets one row.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);

    /** By the store's clock. A server that lives commits within seconds, and removes its markers then. */
    static final Duration ABANDONED = Duration.ofSeconds(60);

    /** A picture may have been put so long before its marker; the rest is for clocks that tell whole seconds. */
    private static final Duration BEFORE_MARKER = Uploader.DEADLINE.plusSeconds(5);

    private static final Duration AGAIN = Duration.ofSeconds(20);
    private static final Duration SUSPECTS_AGAIN = Duration.ofSeconds(5);

    /** Pictures in memory at the same time. */
    private static final int AT_ONCE = 8;

    private static final int MAX_SUSPECTS = 4096;

    /** An upload of this server that has failed in the open. */
    private record Suspect(Group group, long since) {}

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Pictures pictures;
    private final RowDeriver deriver;
    private final Groups groups;
    private final Deletion deletion;
    private final Predicate<String> dead;
    private final Executor requests;
    private final ThreadPoolTaskScheduler thread;
    private final Map<ImageId, Suspect> suspects = new ConcurrentHashMap<>();
    private final Map<ImageId, Optional<String>> deletes = new ConcurrentHashMap<>();
    private boolean scheduled;

    /**
     * @param dead which servers are known to have ended: their markers need not get old
     * @param requests runs what waits for the store
     * @param thread one, for the rest
     */
    Recovery(
            ObjectStore store,
            ImageDataset dataset,
            Pictures pictures,
            RowDeriver deriver,
            Groups groups,
            Deletion deletion,
            Predicate<String> dead,
            Executor requests,
            ThreadPoolTaskScheduler thread) {
        this.store = store;
        this.dataset = dataset;
        this.pictures = pictures;
        this.deriver = deriver;
        this.groups = groups;
        this.deletion = deletion;
        this.dead = dead;
        this.requests = requests;
        this.thread = thread;
    }

    // ---- uploads of this server

    /** It is not known whether the store has the picture. Its group waits until it is. */
    void suspect(ImageId id, Group group) {
        suspects.put(id, new Suspect(group, System.nanoTime()));
        settleSoon();
    }

    /**
     * The picture's delete did not come to its end.
     *
     * @param group of the picture, if it is known
     */
    void unfinished(ImageId id, @Nullable String group) {
        deletes.put(id, Optional.ofNullable(group));
        settleSoon();
    }

    /** @throws UploadsBusyException if there are too many suspects to take another upload */
    void requireRoom() {
        if (suspects.size() >= MAX_SUSPECTS) {
            throw new UploadsBusyException(
                    "it is not known of " + MAX_SUSPECTS + " pictures whether the store has taken them");
        }
    }

    private void settleSuspects() {
        Iterator<Map.Entry<ImageId, Suspect>> each = suspects.entrySet().iterator();
        try {
            while (each.hasNext()) {
                Map.Entry<ImageId, Suspect> entry = each.next();
                if (settle(entry.getKey(), entry.getValue())) {
                    each.remove();
                }
            }
            deletes.forEach((id, group) -> {
                if (deletion.finish(deletion.marker(id), id, group.orElse(null))) {
                    deletes.remove(id);
                }
            });
        } catch (RuntimeException e) {
            log.warn(
                    "{} uploads and {} deletes are not settled yet: {}", suspects.size(), deletes.size(), e.toString());
        }
        if (!suspects.isEmpty() || !deletes.isEmpty()) {
            settleSoon();
        }
    }

    // The task ends all failures itself.
    @SuppressWarnings("FutureReturnValueIgnored")
    private void settleSoon() {
        thread.schedule(this::settleSuspects, Instant.now().plus(SUSPECTS_AGAIN));
    }

    /** False if it is too early to say. */
    private boolean settle(ImageId id, Suspect suspect) {
        Group group = suspect.group;
        groups.mark(group.name());
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isEmpty()) {
            // What is on its way arrives by then, or never.
            boolean late = System.nanoTime() - suspect.since > BEFORE_MARKER.toNanos();
            if (late) {
                group.leave();
            }
            return late;
        }
        if (!group.name()
                .equals(PictureNotes.fromMetadata(head.get().metadata()).group())) {
            group.leave();
            return true;
        }
        Future<?> unused = deriver.addRowOf(id, head.get()).whenComplete((row, failure) -> {
            if (failure == null) {
                group.leave();
            } else {
                suspect(id, group);
            }
        });
        return true;
    }

    // ---- what others have left

    /** Whether the picture in the store belongs to a group whose marker is there: then its row will come. */
    boolean isMarked(ImageId id) {
        boolean marked = store.head(id.toString())
                .map(head -> PictureNotes.fromMetadata(head.metadata()).group())
                .filter(group -> store.head(Group.marker(group)).isPresent())
                .isPresent();
        if (marked) {
            // Perhaps nobody else is there to bring it.
            again();
        }
        return marked;
    }

    /** Looks for markers, now and as long as there are some of other servers. */
    void start() {
        thread.execute(this::recover);
    }

    // The task ends all failures itself.
    @SuppressWarnings("FutureReturnValueIgnored")
    private synchronized void again() {
        if (!scheduled) {
            scheduled = true;
            thread.schedule(this::recover, Instant.now().plus(AGAIN));
        }
    }

    private void recover() {
        synchronized (this) {
            scheduled = false;
        }
        try {
            // Not when the first upload waits for it.
            store.requireConditionalPuts();
            List<Listed> markers = new ArrayList<>();
            Instant clock = store.list(Group.MARKERS, markers::add);
            markers.removeIf(marker -> serverOf(marker).equals(groups.server()));
            if (markers.isEmpty()) {
                return;
            }
            List<Listed> abandoned = markers.stream()
                    .filter(marker -> dead.test(serverOf(marker))
                            || marker.lastModified().plus(ABANDONED).isBefore(clock))
                    .toList();
            if (!abandoned.isEmpty()) {
                recover(abandoned);
            }
            if (abandoned.size() < markers.size()) {
                again();
            }
        } catch (UntrustedBucketException e) {
            log.error("uploads are refused: {}", e.getMessage());
        } catch (RuntimeException e) {
            log.warn("the recovery of other servers' uploads waits {} s: {}", AGAIN.toSeconds(), e.toString());
            again();
        }
    }

    private void recover(List<Listed> markers) {
        dataset.requireWritable();
        dataset.refresh().join();
        List<Listed> uploads = new ArrayList<>();
        for (Listed marker : markers) {
            Optional<ImageId> deleted = Deletion.pictureOf(marker.key());
            if (deleted.isPresent()) {
                deletion.finish(marker.key(), deleted.get(), null);
                log.info("finished the delete of {}", deleted.get());
            } else {
                uploads.add(marker);
            }
        }
        if (!uploads.isEmpty()) {
            recoverUploads(uploads);
        }
    }

    private void recoverUploads(List<Listed> markers) {
        long start = System.nanoTime();
        Set<String> names = new HashSet<>();
        markers.forEach(marker -> names.add(nameOf(marker)));
        Instant since = markers.stream()
                .map(Listed::lastModified)
                .min(Instant::compareTo)
                .orElseThrow()
                .minus(BEFORE_MARKER);
        List<ImageId> candidates = withoutRow(since);
        Semaphore memory = new Semaphore(AT_ONCE);
        List<CompletableFuture<Boolean>> derived = candidates.stream()
                .map(id -> CompletableFuture.completedFuture(id)
                        .thenComposeAsync(candidate -> deriveIfOf(names, candidate, memory), requests))
                .toList();
        long rows = derived.stream().filter(CompletableFuture::join).count();
        markers.forEach(marker -> store.delete(marker.key()));
        log.info(
                "recovered markers={} candidates={} rows={} millis={}",
                markers.size(),
                candidates.size(),
                rows,
                (System.nanoTime() - start) / 1_000_000);
    }

    private List<ImageId> withoutRow(Instant since) {
        ConcurrentLinkedQueue<ImageId> found = new ConcurrentLinkedQueue<>();
        pictures.forEach((id, lastModified) -> {
            if (!lastModified.isBefore(since) && !dataset.contains(id)) {
                found.add(id);
            }
        });
        return List.copyOf(found);
    }

    /** Completes with whether the picture is of one of these groups, and its row committed. */
    private CompletableFuture<Boolean> deriveIfOf(Set<String> names, ImageId id, Semaphore memory) {
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isEmpty()
                || !names.contains(String.valueOf(
                        PictureNotes.fromMetadata(head.get().metadata()).group()))) {
            return CompletableFuture.completedFuture(false);
        }
        memory.acquireUninterruptibly();
        CompletableFuture<Boolean> row;
        try {
            row = deriver.addRowOf(id, head.get());
        } catch (RuntimeException e) {
            memory.release();
            throw e;
        }
        memory.release();
        return row.thenCompose(added ->
                // A delete may have come in between.
                store.head(id.toString()).isPresent()
                        ? CompletableFuture.completedFuture(true)
                        : dataset.remove(id).thenApply(removed -> false));
    }

    private static String nameOf(Listed marker) {
        return marker.key().substring(Group.MARKERS.length());
    }

    private static String serverOf(Listed marker) {
        String name = nameOf(marker);
        return name.substring(0, Math.max(0, name.indexOf('/')));
    }
}
