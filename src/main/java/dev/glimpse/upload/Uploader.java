package dev.glimpse.upload;

import dev.glimpse.consistency.CommitGroup;
import dev.glimpse.consistency.IntentMarkers;
import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.Recovery;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.RowDeriver.Derived;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.consistency.UploadsBusyException;
import dev.glimpse.consistency.WriteTimings;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Takes a picture in: the original into the store, its row into the table, each once. Safe to share between threads. */
public final class Uploader {
    private final RowDeriver deriver;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final IntentMarkers intents;
    private final Recovery recovery;
    private final Reconciler reconciler;
    private final PictureLocks locks;
    private final int dimension;
    private final WriteTimings timings;
    private final Executor puts;

    /** Rows that wait for their commits, and come after a crash as well while their groups are reliable. */
    private final Map<ImageId, CommitGroup> promised = new ConcurrentHashMap<>();

    /** @param puts runs what waits for the store */
    public Uploader(
            RowDeriver deriver,
            ObjectStore store,
            ImageDataset dataset,
            IntentMarkers intents,
            Recovery recovery,
            Reconciler reconciler,
            PictureLocks locks,
            int dimension,
            WriteTimings timings,
            Executor puts) {
        this.deriver = deriver;
        this.store = store;
        this.dataset = dataset;
        this.intents = intents;
        this.recovery = recovery;
        this.reconciler = reconciler;
        this.locks = locks;
        this.dimension = dimension;
        this.timings = timings;
        this.puts = puts;
    }

    /**
     * Stores the picture unless it is there. Decodes on the calling thread; the picture, the marker of its group and the
     * embedding then come about at the same time. After the answer the picture is found by searches, and neither a
     * crash nor a store that is away for a while loses its row. Of a picture of which a row is known, the store is asked
     * whether it is still there.
     *
     * @param ticket decides which uploads are decoded and encoded first
     * @throws EmptyFileException if there are no bytes
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     * @throws dev.glimpse.dataset.TableBusyException if too many rows wait to be committed
     * @throws dev.glimpse.storage.UntrustedBucketException if the store does not refuse a second put of a key
     * @throws UploadsBusyException if it is not known of too many pictures whether the store has them
     * @return completes exceptionally with what {@link RowDeriver#derive} throws; with {@link MetadataTooLongException} if
     *     the notes do not fit into the object's metadata; with {@link StoreUnavailableException} if the store does not
     *     answer in time: then the picture may or may not get there, and uploading it again is right
     */
    public CompletableFuture<StoredPicture> store(
            byte[] bytes, UploadMetadata notes, Durability durability, Ticket ticket) {
        if (bytes.length == 0) {
            throw new EmptyFileException("the file " + notes.displayName() + " is empty");
        }
        ImageFormat format = ImageDecoder.formatOf(bytes);
        ImageId id = ImageId.of(bytes, format);
        CompletableFuture<StoredPicture> stored = locks.withLock(
                id,
                () -> dataset.stateOf(id).isShown()
                        ? storeKnown(id, bytes, notes, ticket)
                        : storeNew(id, bytes, notes, ticket));
        return durability == Durability.RECOVERABLE
                ? stored
                : stored.thenCompose(
                        answer -> awaitCommitted(id, System.nanoTime()).thenApply(committed -> answer));
    }

    /** Stores a picture of which a row is known. What is known may be old: another server may have deleted the picture since. */
    private CompletableFuture<StoredPicture> storeKnown(ImageId id, byte[] bytes, UploadMetadata notes, Ticket ticket) {
        return CompletableFuture.supplyAsync(() -> store.head(id.toString()).isPresent(), puts)
                .thenCompose(there -> there
                        ? known(id)
                        : dataset.refresh().thenComposeAsync(nothing -> storeNew(id, bytes, notes, ticket), puts));
    }

    /** A row that waits for its commit is as good as committed only if it would come after a crash as well. */
    private CompletableFuture<StoredPicture> known(ImageId id) {
        CommitGroup group = promised.get(id);
        if (group != null && group.isReliable()) {
            return CompletableFuture.completedFuture(stored(id, false));
        }
        return dataset.committed(id)
                .thenCompose(committed -> reconciler.awaitFound(id))
                .thenApply(found -> stored(id, false));
    }

    private CompletableFuture<StoredPicture> storeNew(ImageId id, byte[] bytes, UploadMetadata notes, Ticket ticket) {
        dataset.requireWritable();
        dataset.requireRoom();
        recovery.requireRoom();
        store.requireConditionalPuts();
        Derived derived = deriver.derive(id, bytes, ticket);
        Instant uploadedAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
        CommitGroup.Member member = intents.join();
        CommitGroup group = member.group();
        CompletableFuture<Boolean> put;
        try {
            Map<String, String> metadata = notes.toMetadata(group.name(), uploadedAt);
            long start = System.nanoTime();
            put = CompletableFuture.supplyAsync(
                    () -> store.putIfAbsent(
                            id.toString(), bytes, id.format().mediaType(), metadata, timings.left(start)),
                    puts);
        } catch (RuntimeException e) {
            member.leave();
            throw e;
        }
        CompletableFuture<StoredPicture> stored = put.thenCombine(group.durable(), (first, marked) -> first)
                .thenCompose(first -> first ? add(derived, notes, uploadedAt, member) : takeOver(derived, member));
        Future<?> unused = stored.whenComplete((answer, failure) -> {
            if (failure != null && !member.hasLeft()) {
                recovery.suspect(id, member);
            }
        });
        return stored;
    }

    /** Adds the row of a picture that this upload has put. */
    private CompletableFuture<StoredPicture> add(
            Derived derived, UploadMetadata notes, Instant uploadedAt, CommitGroup.Member member) {
        ImageId id = derived.id();
        // The picture was not there, so a row that is known is one that others have removed, or are about to remove.
        CompletableFuture<Void> fresh =
                dataset.stateOf(id).isInTable() ? dataset.refresh() : CompletableFuture.completedFuture(null);
        return fresh.thenCombine(derived.row(notes, uploadedAt), (nothing, row) -> row)
                .thenCompose(row -> {
                    CommitGroup group = member.group();
                    // A delete that waits for another server has hidden it perhaps; it leaves a picture that is there
                    // alone.
                    dataset.show(id);
                    CompletableFuture<Boolean> committed = dataset.add(row);
                    if (!group.isReliable()) {
                        return committed
                                .thenCompose(added -> reconciler.reconcileLocked(id))
                                .thenApply(there -> {
                                    member.leave();
                                    return stored(id, true);
                                });
                    }
                    promised.put(id, group);
                    leaveAfter(id, member, committed.thenCompose(added -> afterCommit(id, group)));
                    return CompletableFuture.completedFuture(stored(id, true));
                });
    }

    private void leaveAfter(ImageId id, CommitGroup.Member member, CompletableFuture<Boolean> last) {
        Future<?> unused = last.whenComplete((there, failure) -> {
            promised.remove(id, member.group());
            if (failure == null) {
                member.leave();
            } else {
                recovery.suspect(id, member);
            }
        });
    }

    /**
     * When a commit comes this late, another server may have recovered the group, and a delete of the picture may have
     * found the row of that server and not waited for this one.
     */
    private CompletableFuture<Boolean> afterCommit(ImageId id, CommitGroup group) {
        return group.isReliable() ? CompletableFuture.completedFuture(true) : reconciler.reconcile(id);
    }

    /**
     * Answers for a picture that is in the store already, though no row of it is known here. Another upload may be about to add
     * the row, another server may have added it, or a crash before markers has left the picture without one.
     */
    private CompletableFuture<StoredPicture> takeOver(Derived derived, CommitGroup.Member member) {
        ImageId id = derived.id();
        return showsItsRow(derived, member)
                .thenCompose(shown -> shown
                        ? CompletableFuture.completedFuture(true)
                        // The marker of an upload under way may be a moment behind its picture.
                        : CompletableFuture.completedFuture(derived)
                                .thenComposeAsync(
                                        again -> showsItsRow(again, member),
                                        CompletableFuture.delayedExecutor(
                                                timings.put().toMillis(), TimeUnit.MILLISECONDS, puts)))
                .thenCompose(shown -> {
                    if (shown) {
                        return CompletableFuture.completedFuture(stored(id, false));
                    }
                    member.leave();
                    return adopt(id);
                });
    }

    /**
     * If the picture's row is in the table, or a marker says that it will be, it is found here from now on.
     *
     * @return completes with whether it is so
     */
    private CompletableFuture<Boolean> showsItsRow(Derived derived, CommitGroup.Member member) {
        ImageId id = derived.id();
        return CompletableFuture.supplyAsync(() -> store.head(id.toString()), puts)
                .thenCompose(head -> {
                    if (head.isEmpty()) {
                        return CompletableFuture.completedFuture(false);
                    }
                    UploadMetadata.Stored said =
                            UploadMetadata.fromMetadata(head.get().metadata());
                    CompletableFuture<PictureRow> row =
                            derived.row(said.notes(), said.uploadedAt() == null ? Instant.now() : said.uploadedAt());
                    return CompletableFuture.supplyAsync(() -> recovery.isMarked(head.get()), puts)
                            .thenCompose(marked -> marked
                                    ? CompletableFuture.completedFuture(true)
                                    : dataset.refresh()
                                            .thenApply(nothing ->
                                                    dataset.stateOf(id).isInTable()))
                            .thenCombine(row, (comes, same) -> comes && show(same, member));
                });
    }

    /**
     * The row of a picture that another server has taken in is found here at once, before that server has committed it. If that one has
     * died, it is committed from here. Else one of the two commits finds the other's row; and as a delete elsewhere may have come
     * between them, the picture is looked at once more.
     */
    private boolean show(PictureRow row, CommitGroup.Member member) {
        dataset.show(row.id());
        CompletableFuture<Boolean> committed = dataset.add(row);
        boolean waits = !committed.isDone();
        leaveAfter(
                row.id(), member, waits ? committed.thenCompose(added -> reconciler.reconcile(row.id())) : committed);
        return true;
    }

    /** The row says what the picture in the store says, as every row does. No marker covers it before its commit. */
    private CompletableFuture<StoredPicture> adopt(ImageId id) {
        return reconciler.reconcileLocked(id).thenCompose(there -> {
            if (!there) {
                throw StoreUnavailableException.openly(id + " was deleted while it was uploaded; upload it again");
            }
            return reconciler.awaitFound(id).thenApply(found -> stored(id, true));
        });
    }

    /** Completes when the picture's row is in the table. The row may wait in this server or in another one. */
    private CompletableFuture<Void> awaitCommitted(ImageId id, long start) {
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        return dataset.committed(id)
                .thenCompose(added -> dataset.stateOf(id).isInTable() ? done : dataset.refresh())
                .thenCompose(nothing -> {
                    if (dataset.stateOf(id).isInTable()) {
                        return done;
                    }
                    if (System.nanoTime() - start > timings.othersCommit().toNanos()) {
                        throw new UploadsBusyException("the row of " + id + " is not in the table after "
                                + timings.othersCommit().toSeconds()
                                + " s; its picture is kept, and the row will come");
                    }
                    return done.thenComposeAsync(
                            waited -> awaitCommitted(id, start),
                            CompletableFuture.delayedExecutor(timings.poll().toMillis(), TimeUnit.MILLISECONDS, puts));
                });
    }

    private StoredPicture stored(ImageId id, boolean now) {
        return new StoredPicture(id.toString(), store.address(id.toString()), dimension, now);
    }
}
