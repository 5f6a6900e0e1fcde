package dev.glimpse.upload;

import dev.glimpse.consistency.IntentGroup;
import dev.glimpse.consistency.IntentMarkers;
import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.RowDeriver.Derived;
import dev.glimpse.consistency.UnfinishedChanges;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.consistency.UploadsBusyException;
import dev.glimpse.consistency.WriteTimings;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;

/**
 * Takes a picture in: the original into the store, its row into the table, each once. The calls block, for threads of uploads. Safe for
 * use by several threads.
 */
public final class Uploader implements MeterBinder {
    /** A delete waits for another server for ten seconds; nothing else that holds the lock of a picture takes so long. */
    private static final Duration LOCK_PATIENCE = Duration.ofSeconds(30);

    /** Puts at the same time. More of them would share a slow line until none comes to its end in time. */
    private static final int PUTS = 32;

    /** Pictures that an answer names as similar. */
    private static final int MOST_SIMILAR = 5;

    private final UploadMeters meters = new UploadMeters();
    private final Semaphore puts = new Semaphore(PUTS, true);
    private final RowDeriver deriver;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final IntentMarkers intents;
    private final UnfinishedChanges unfinished;
    private final Reconciler reconciler;
    private final PictureLocks locks;
    private final IntSupplier dimension;
    private final WriteTimings timings;

    /** Rows that wait for their commits, and come after a crash as well while their groups are reliable. */
    private final Map<ImageId, IntentGroup> promised = new ConcurrentHashMap<>();

    /** @param dimension of the embeddings that searches compare */
    public Uploader(
            RowDeriver deriver,
            ObjectStore store,
            ImageDataset dataset,
            IntentMarkers intents,
            UnfinishedChanges unfinished,
            Reconciler reconciler,
            PictureLocks locks,
            IntSupplier dimension,
            WriteTimings timings) {
        this.deriver = deriver;
        this.store = store;
        this.dataset = dataset;
        this.intents = intents;
        this.unfinished = unfinished;
        this.reconciler = reconciler;
        this.locks = locks;
        this.dimension = dimension;
        this.timings = timings;
    }

    UploadMeters meters() {
        return meters;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }

    /**
     * Stores the picture unless it is there. When this returns, searches find the picture, and neither a crash nor a store that is away
     * for a while loses its row. The put of the picture on this thread, the put of its group's marker and the embedding on other threads
     * happen at the same time. If a row of the picture is known, the store is asked whether the picture is still there.
     *
     * @param ticket decides which uploads are decoded and encoded first
     * @throws EmptyFileException if there are no bytes
     * @throws MetadataTooLongException if the notes do not fit into the object's metadata
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept; see {@link RowDeriver#derive} for
     *     the other reasons to refuse bytes
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     * @throws dev.glimpse.dataset.TableBusyException if too many rows wait to be committed
     * @throws dev.glimpse.storage.UntrustedBucketException if the store does not refuse a second put of a key
     * @throws UploadsBusyException if it is not known of too many pictures whether the store has them, or another change of this picture
     *     takes too long
     * @throws StoreUnavailableException if the store does not answer in time: then the picture may or may not get there, and uploading it
     *     again is right
     * @throws CompletionException with one of these as its cause, if it happened on another thread
     */
    public StoredPicture store(byte[] bytes, UploadMetadata notes, Ticket ticket) {
        if (bytes.length == 0) {
            throw new EmptyFileException("the file " + notes.displayName() + " is empty");
        }
        ImageFormat format = deriver.formatOf(bytes);
        ImageId id = ImageId.of(bytes, format);
        return stored(id, bytes, notes, ticket).knowing(dataset.likenesses(id, MOST_SIMILAR));
    }

    private StoredPicture stored(ImageId id, byte[] bytes, UploadMetadata notes, Ticket ticket) {
        PictureLocks.Held lock = locks.lock(id, LOCK_PATIENCE);
        try (lock) {
            return switch (dataset.stateOf(id)) {
                case ABSENT, LEAVING_PENDING, LEAVING_COMMITTED -> storeNew(id, bytes, notes, ticket);
                case PENDING, UNREAD, COMMITTED -> storeKnown(id, bytes, notes, ticket);
            };
        }
    }

    /** Stores a picture of which a row is known here. Another server may have deleted the picture since. */
    private StoredPicture storeKnown(ImageId id, byte[] bytes, UploadMetadata notes, Ticket ticket) {
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isPresent()) {
            if (dataset.sourceRows().find(id).isPresent()) {
                // An upload that was cut off has left the row of a source.
                takeFromSource(id);
            }
            return confirm(id).comparing(notesOf(head.get()), notes);
        }
        refresh();
        return storeNew(id, bytes, notes, ticket);
    }

    private StoredPicture storeNew(ImageId id, byte[] bytes, UploadMetadata notes, Ticket ticket) {
        dataset.requireWritable();
        dataset.requireRoom();
        unfinished.requireRoom();
        store.requireConditionalPuts();
        // Decodes here; the embedding is on its way.
        Derived derived = meters.decodes().record(() -> deriver.derive(id, bytes, ticket));
        Instant uploadedAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
        // The marker is on its way.
        IntentGroup.Member member = intents.join();
        Map<String, String> metadata = metadata(notes, uploadedAt, member);
        try {
            long start = System.nanoTime();
            boolean first = put(id, bytes, metadata);
            member.group().awaitDurable();
            meters.stores().record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
            return first ? add(derived, notes, uploadedAt, member) : takeOver(derived, notes, member);
        } catch (RuntimeException | Error e) {
            // The store has perhaps taken the picture. The marker stays until that is known.
            if (!member.hasLeft()) {
                unfinished.addUpload(id, member);
            }
            throw e;
        }
    }

    private boolean put(ImageId id, byte[] bytes, Map<String, String> metadata) {
        long start = System.nanoTime();
        try {
            // If there is no place, no time is left, and the next line throws.
            boolean hasPlace = puts.tryAcquire(timings.put().toNanos(), TimeUnit.NANOSECONDS);
            try {
                Duration left = timings.left(Duration.ofNanos(System.nanoTime() - start));
                return store.putIfAbsent(id.toString(), bytes, id.format().mediaType(), metadata, left);
            } finally {
                if (hasPlace) {
                    puts.release();
                }
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private static Map<String, String> metadata(UploadMetadata notes, Instant uploadedAt, IntentGroup.Member member) {
        try {
            return notes.toMetadata(member.group().name(), uploadedAt);
        } catch (RuntimeException | Error e) {
            // Nothing was put, so no row will come.
            member.leave();
            throw e;
        }
    }

    /** Adds the row of a picture that this upload has put. */
    private StoredPicture add(Derived derived, UploadMetadata notes, Instant uploadedAt, IntentGroup.Member member) {
        ImageId id = derived.id();
        if (dataset.stateOf(id).isInTable()) {
            // The picture was not there, so others have removed this row, or are about to.
            refresh();
        }
        PictureRow row =
                meters.encodes().record(() -> derived.row(notes, uploadedAt).join());
        // A delete that waits for another server has hidden the picture perhaps. It leaves a picture that is there
        // alone.
        dataset.show(id);
        if (dataset.sourceRows().find(id).isPresent()) {
            takeFromSource(id);
            member.leave();
            return stored(id, true);
        }
        CompletableFuture<Boolean> committed = dataset.add(row);
        IntentGroup group = member.group();
        if (group.isReliable()) {
            promised.put(id, group);
            leaveAfter(committed.thenCompose(added -> afterCommit(id, group, added)), id, member);
        } else {
            // Others take the group for abandoned soon, so the marker promises nothing.
            awaitCommit(id);
            reconciler.reconcileLocked(id).join();
            member.leave();
        }
        return stored(id, true);
    }

    /** Lets the row that says that the picture lies in a source say that it was uploaded. */
    private void takeFromSource(ImageId id) {
        awaitCommit(id);
        within(timings.commit(), reconciler.describeLocked(id), "the table does not answer; upload the picture again");
    }

    private void leaveAfter(CompletableFuture<Boolean> last, ImageId id, IntentGroup.Member member) {
        Future<?> unused = last.whenComplete((there, failure) -> {
            promised.remove(id, member.group());
            if (failure == null) {
                member.leave();
            } else {
                unfinished.addUpload(id, member);
            }
        });
    }

    /**
     * If a commit comes so late that the group is not reliable any more, another server may have recovered the group. Then a delete of
     * the picture may have found the row of that server, and not waited for this commit. A row that was there already may be that of a
     * source, which another server has found meanwhile.
     */
    private CompletableFuture<Boolean> afterCommit(ImageId id, IntentGroup group, boolean added) {
        if (group.isReliable() && (added || !dataset.sourceRows().isAny())) {
            return CompletableFuture.completedFuture(true);
        }
        return (added ? CompletableFuture.<Void>completedFuture(null) : dataset.settled())
                .thenCompose(read -> reconciler.reconcile(id));
    }

    /**
     * Answers for a picture of which a row is known here, and which the store has. A row that waits for its commit is as good as
     * committed only if it would come after a crash as well.
     */
    private StoredPicture confirm(ImageId id) {
        IntentGroup group = promised.get(id);
        if (group == null || !group.isReliable()) {
            awaitCommit(id);
            reconciler.awaitFound(id).join();
        }
        return stored(id, false);
    }

    /**
     * Answers for a picture that is in the store already, though no row of it is known here. Another upload may be about to add the row,
     * another server may have added it, or the picture came without a marker and has no row.
     */
    private StoredPicture takeOver(Derived derived, UploadMetadata said, IntentGroup.Member member) {
        ImageId id = derived.id();
        // The marker of another upload may be in the store this much later than its picture.
        long end = System.nanoTime() + timings.put().toNanos();
        for (Duration pause = timings.poll(); ; pause = pause.multipliedBy(2)) {
            Optional<ObjectHead> head = store.head(id.toString());
            // What is said of a picture that has gone is not known.
            UploadMetadata kept = head.map(Uploader::notesOf).orElse(UploadMetadata.NOTHING);
            if (head.isPresent() && showComingRow(derived, head.get(), member)) {
                return stored(id, false).comparing(kept, said);
            }
            long left = end - System.nanoTime();
            if (left <= 0) {
                return takeOverAbandoned(id, member).comparing(kept, said);
            }
            sleep(Math.min(left, pause.toNanos()));
        }
    }

    private static UploadMetadata notesOf(ObjectHead picture) {
        return UploadMetadata.fromMetadata(picture.metadata()).notes();
    }

    /** Answers for a picture of which no row comes. */
    private StoredPicture takeOverAbandoned(ImageId id, IntentGroup.Member member) {
        member.leave();
        // No marker covers the row until its commit. It says what the picture in the store says, as every row does.
        if (!reconciler.reconcileLocked(id).join()) {
            throw StoreUnavailableException.openly(id + " was deleted while it was uploaded; upload it again");
        }
        reconciler.awaitFound(id).join();
        return stored(id, true);
    }

    /**
     * If the table has the row of the picture, or a marker says that the row comes, searches of this server find the picture from now on.
     *
     * @param head of the picture
     * @return whether it is so; then the member leaves its group by itself
     */
    private boolean showComingRow(Derived derived, ObjectHead head, IntentGroup.Member member) {
        ImageId id = derived.id();
        if (!intents.isMarked(head)) {
            refresh();
            if (!dataset.stateOf(id).isInTable()) {
                return false;
            }
        }
        UploadMetadata.Stored said = UploadMetadata.fromMetadata(head.metadata());
        Instant uploadedAt = said.uploadedAt() == null ? Instant.now() : said.uploadedAt();
        PictureRow row = derived.row(said.notes(), uploadedAt).join();
        dataset.show(id);
        // If the other server dies, the row is committed from here. Else one of the two commits finds the row of the
        // other.
        CompletableFuture<Boolean> committed = dataset.add(row);
        leaveAfter(
                // A delete by a third server may have come between the two commits.
                committed.isDone() ? committed : committed.thenCompose(added -> reconciler.reconcile(id)), id, member);
        return true;
    }

    /**
     * Waits until the picture's row is in the table. The row may wait in this server or in another one.
     *
     * @param patience how long to wait; a request has {@link WriteTimings#commit} for all of its pictures
     * @throws UploadsBusyException if the row is not there in time, or the thread is interrupted; the row comes later
     * @throws CompletionException with a {@link StoreUnavailableException} as its cause, if the server ends before the commit
     */
    public void awaitCommitted(StoredPicture picture, Duration patience) {
        ImageId id = ImageId.parse(picture.id()).orElseThrow();
        long end = System.nanoTime() + patience.toNanos();
        within(patience, dataset.committed(id), rowComesLater(id));
        while (!dataset.stateOf(id).isInTable()) {
            within(Duration.ofNanos(end - System.nanoTime()), dataset.refresh(), rowComesLater(id));
            if (dataset.stateOf(id).isInTable()) {
                return;
            }
            sleep(timings.poll().toNanos());
            within(Duration.ofNanos(end - System.nanoTime()), dataset.committed(id), rowComesLater(id));
        }
    }

    private void awaitCommit(ImageId id) {
        within(timings.commit(), dataset.committed(id), rowComesLater(id));
    }

    private static String rowComesLater(ImageId id) {
        return "the row of " + id + " is not in the table yet; its picture is kept, and the row will come";
    }

    /** Takes over what others have committed. */
    private void refresh() {
        within(timings.commit(), dataset.refresh(), "the table does not answer; upload the picture again");
    }

    /** @param late what to tell the client if this is not done in time */
    private static <T> void within(Duration patience, CompletableFuture<T> done, String late) {
        try {
            T unused = done.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new UploadsBusyException(late);
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private static void sleep(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private static UploadsBusyException interrupted() {
        Thread.currentThread().interrupt();
        return new UploadsBusyException("the server stops");
    }

    private StoredPicture stored(ImageId id, boolean now) {
        return new StoredPicture(id.toString(), store.address(id.toString()), dimension.getAsInt(), now);
    }
}
