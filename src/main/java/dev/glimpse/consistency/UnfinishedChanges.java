package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * The changes of this server that have failed in the open: it is not known whether the store has applied them, or they stopped half way.
 * It looks at each again until picture and row agree. Meanwhile their markers stay in the store, so that another server does it if this
 * one dies. Safe for use by several threads.
 */
public final class UnfinishedChanges {
    private static final Logger log = LoggerFactory.getLogger(UnfinishedChanges.class);

    /** Pictures under way at the same time. Most of them wait for a commit together, so it is two commits' worth. */
    private static final int AT_ONCE = 512;

    private static final int MAX_UPLOADS = 4096;

    /** An upload that has failed in the open. */
    private record Upload(ImageId id, long failedAt) {}

    private final ObjectStore store;
    private final Reconciler reconciler;
    private final IntentMarkers intents;
    private final Deletion deletion;
    private final Restoration restoration;
    private final WriteTimings timings;
    private final LongSupplier ticker;
    private final Executor requests;
    private final ThreadPoolTaskScheduler thread;
    private final Map<IntentGroup.Member, Upload> uploads = new ConcurrentHashMap<>();

    /** Pictures whose deletes did not come to their end. Changed only while the picture's lock is held. */
    private final Set<ImageId> deletes = ConcurrentHashMap.newKeySet();

    /** Pictures whose restores did not come to their end. Changed only while the picture's lock is held. */
    private final Set<ImageId> restores = ConcurrentHashMap.newKeySet();

    /** Edits that did not come to their end, and when they failed. */
    private final Map<Edits.Edit, Long> edits = new ConcurrentHashMap<>();

    /** Whether a task that settles is scheduled or runs. There is one at most. */
    private final AtomicBoolean settling = new AtomicBoolean();

    /**
     * @param ticker tells nanoseconds, as {@link System#nanoTime} does
     * @param requests runs what waits for the store
     * @param thread runs the rest
     */
    UnfinishedChanges(
            ObjectStore store,
            Reconciler reconciler,
            IntentMarkers intents,
            Deletion deletion,
            Restoration restoration,
            WriteTimings timings,
            LongSupplier ticker,
            Executor requests,
            ThreadPoolTaskScheduler thread) {
        this.store = store;
        this.reconciler = reconciler;
        this.intents = intents;
        this.deletion = deletion;
        this.restoration = restoration;
        this.timings = timings;
        this.ticker = ticker;
        this.requests = requests;
        this.thread = thread;
    }

    /** Says that it is not known whether the store has the picture. Its group stays open until it is known. */
    public void addUpload(ImageId id, IntentGroup.Member member) {
        uploads.put(member, new Upload(id, ticker.getAsLong()));
        settleSoon();
    }

    /** Says that the picture's delete did not come to its end. The caller holds the picture's lock. */
    public void addDelete(ImageId id) {
        deletes.add(id);
        settleSoon();
    }

    /** Says that the picture's restore did not come to its end. The caller holds the picture's lock. */
    public void addRestore(ImageId id) {
        restores.add(id);
        settleSoon();
    }

    /** Says that the edit did not come to its end. */
    public void addEdit(Edits.Edit edit) {
        edits.put(edit, ticker.getAsLong());
        settleSoon();
    }

    /**
     * Requires that few enough uploads of this server wait to be settled.
     *
     * @throws UploadsBusyException if there are too many to take another upload
     */
    public void requireRoom() {
        if (uploads.size() >= MAX_UPLOADS) {
            throw new UploadsBusyException(
                    "it is not known of " + MAX_UPLOADS + " pictures whether the store has taken them");
        }
    }

    private void settleAll() {
        try {
            settle(
                    "markers",
                    () -> uploads.keySet().stream()
                            .map(IntentGroup.Member::group)
                            .distinct()
                            .forEach(intents::markAgain));
            settle(
                    "uploads",
                    () -> PictureListing.work(
                            uploads.entrySet(), AT_ONCE, entry -> settle(entry.getKey(), entry.getValue())));
            settle(
                    "deletes",
                    () -> PictureListing.work(deletes, 1, id -> deletion.finish(id, () -> deletes.remove(id))));
            settle(
                    "restores",
                    () -> PictureListing.work(
                            restores, AT_ONCE, id -> restoration.finish(id, () -> restores.remove(id))));
            settle(
                    "edits",
                    () -> PictureListing.work(
                            edits.entrySet(), AT_ONCE, entry -> settle(entry.getKey(), entry.getValue())));
        } finally {
            settling.set(false);
            if (!uploads.isEmpty() || !deletes.isEmpty() || !restores.isEmpty() || !edits.isEmpty()) {
                settleSoon();
            }
        }
    }

    /** Changes of one kind that fail do not keep those of the other kinds waiting. */
    private void settle(String kind, Runnable changes) {
        try {
            changes.run();
        } catch (RuntimeException e) {
            log.warn(
                    "{} uploads, {} deletes, {} restores and {} edits are not settled yet, because of the {}: {}",
                    uploads.size(),
                    deletes.size(),
                    restores.size(),
                    edits.size(),
                    kind,
                    e.toString());
        }
    }

    private void settleSoon() {
        if (settling.compareAndSet(false, true)) {
            // When this server stops, others find the markers.
            Future<?> unused = StoreThreads.scheduleUnlessShutDown(thread, timings.settle(), this::settleAll);
        }
    }

    private CompletableFuture<?> settle(Edits.Edit edit, long failedAt) {
        boolean last = hasArrived(failedAt);
        return edit.finish(last).thenAccept(there -> {
            if (last) {
                edits.remove(edit);
            }
        });
    }

    /** Whether what was on its way to the store at this time has arrived, or never will. */
    private boolean hasArrived(long failedAt) {
        return ticker.getAsLong() - failedAt >= timings.beforeMarker().toNanos();
    }

    private CompletableFuture<?> settle(IntentGroup.Member member, Upload upload) {
        return CompletableFuture.completedFuture(member)
                .thenComposeAsync(
                        unsettled -> {
                            Optional<ObjectHead> head = store.head(upload.id.toString());
                            boolean early = head.isEmpty() && !hasArrived(upload.failedAt);
                            boolean ofAnother =
                                    head.isPresent() && !member.group().name().equals(IntentGroup.nameIn(head.get()));
                            return early || ofAnother
                                    ? CompletableFuture.completedFuture(ofAnother)
                                    : reconciler.reconcile(upload.id).thenApply(there -> true);
                        },
                        requests)
                .thenAccept(settled -> {
                    if (settled) {
                        uploads.remove(member);
                        member.leave();
                    }
                });
    }
}
