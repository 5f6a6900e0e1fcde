package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.upload.RowDeriver.Derived;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Takes a picture in: the original into the store, its row into the table, each once. Safe to share between threads. */
public final class Uploader {
    /**
     * How long the puts of a picture and of its group's marker may take, retries included. A picture is never older than
     * its marker by more than this.
     */
    static final Duration DEADLINE = Duration.ofSeconds(10);

    private final RowDeriver deriver;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Groups groups;
    private final Recovery recovery;
    private final Turns turns;
    private final int dimension;
    private final Executor puts;

    /** @param puts runs what waits for the store */
    Uploader(
            RowDeriver deriver,
            ObjectStore store,
            ImageDataset dataset,
            Groups groups,
            Recovery recovery,
            Turns turns,
            int dimension,
            Executor puts) {
        this.deriver = deriver;
        this.store = store;
        this.dataset = dataset;
        this.groups = groups;
        this.recovery = recovery;
        this.turns = turns;
        this.dimension = dimension;
        this.puts = puts;
    }

    /**
     * Stores the picture unless it is there. Decodes on the calling thread; the picture, the marker of its group and the
     * embedding then come about at the same time. After the answer the picture is found by searches, and neither a
     * crash nor a store that is away for a while loses its row. A picture of which a row is known costs no request to
     * the store.
     *
     * @throws EmptyFileException if there are no bytes
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     * @throws dev.glimpse.dataset.TableBusyException if too many rows wait to be committed
     * @throws dev.glimpse.storage.UntrustedBucketException if the store does not refuse a second put of a key
     * @throws UploadsBusyException if it is not known of too many pictures whether the store has them
     * @return completes exceptionally with what {@link RowDeriver#derive} throws; with {@link NotesTooLongException} if
     *     the notes do not fit into the object's metadata; with {@link StoreUnavailableException} if the store does not
     *     answer in time: then the picture may or may not get there, and uploading it again is right
     */
    public CompletableFuture<StoredPicture> store(byte[] bytes, PictureNotes notes, Durability durability) {
        if (bytes.length == 0) {
            throw new EmptyFileException("the file " + notes.displayName() + " is empty");
        }
        ImageFormat format = ImageDecoder.formatOf(bytes);
        ImageId id = ImageId.of(bytes, format);
        CompletableFuture<StoredPicture> stored = dataset.contains(id)
                ? CompletableFuture.completedFuture(stored(id, false))
                : turns.take(id, over -> store(id, bytes, notes, over));
        return durability == Durability.RECOVERABLE
                ? stored
                : stored.thenCompose(answer -> dataset.committed(id).thenApply(committed -> answer));
    }

    private CompletableFuture<StoredPicture> store(
            ImageId id, byte[] bytes, PictureNotes notes, CompletableFuture<Void> over) {
        if (dataset.contains(id)) {
            over.complete(null);
            return CompletableFuture.completedFuture(stored(id, false));
        }
        dataset.requireWritable();
        dataset.requireRoom();
        recovery.requireRoom();
        store.requireConditionalPuts();
        Derived derived = deriver.derive(id, bytes);
        Instant uploadedAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
        Group group = groups.join();
        CompletableFuture<Boolean> put;
        try {
            Map<String, String> metadata = notes.toMetadata(group.name(), uploadedAt);
            put = CompletableFuture.supplyAsync(
                    () -> store.putIfAbsent(id.toString(), bytes, id.format().mediaType(), metadata), puts);
        } catch (RuntimeException e) {
            group.leave();
            throw e;
        }
        CompletableFuture<Boolean> durable = put.thenCombine(group.durable(), (first, marked) -> first);
        CompletableFuture<StoredPicture> settled =
                durable.thenCompose(first -> first ? add(derived, notes, uploadedAt, group) : takeOver(derived, group));
        Future<?> unused = settled.whenComplete((answer, failure) -> {
            if (failure != null) {
                recovery.suspect(id, group);
            }
            over.complete(null);
        });
        return durable.copy()
                .orTimeout(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        failure instanceof TimeoutException
                                ? new StoreUnavailableException(
                                        "the store has not taken " + id + " within " + DEADLINE.toSeconds() + " s",
                                        failure)
                                : failure))
                .thenCompose(first -> settled);
    }

    /** Of a picture that is ours: the put says so. */
    private CompletableFuture<StoredPicture> add(Derived derived, PictureNotes notes, Instant uploadedAt, Group group) {
        return derived.row(notes, uploadedAt).thenCompose(row -> {
            CompletableFuture<Boolean> committed = dataset.add(row);
            Future<?> unused = committed.thenRun(group::leave);
            return group.isReliable()
                    ? CompletableFuture.completedFuture(stored(row.id(), true))
                    : committed.thenApply(added -> stored(row.id(), true));
        });
    }

    /**
     * Of a picture that is in the store already, though no row of it is known here. Another upload may be about to add
     * the row, another server may have added it, or a crash before markers has left the picture without one.
     */
    private CompletableFuture<StoredPicture> takeOver(Derived derived, Group group) {
        group.leave();
        return awaitsItsRow(derived.id())
                .thenCompose(awaits -> awaits
                        ? CompletableFuture.completedFuture(true)
                        // The marker of an upload under way may be a moment behind its picture.
                        : CompletableFuture.completedFuture(derived.id())
                                .thenComposeAsync(
                                        this::awaitsItsRow,
                                        CompletableFuture.delayedExecutor(
                                                DEADLINE.toMillis(), TimeUnit.MILLISECONDS, puts)))
                .thenCompose(awaits ->
                        awaits ? CompletableFuture.completedFuture(stored(derived.id(), false)) : adopt(derived));
    }

    /** Whether a row of the picture is there, or a marker says that it will be. */
    private CompletableFuture<Boolean> awaitsItsRow(ImageId id) {
        return CompletableFuture.supplyAsync(() -> recovery.isMarked(id), puts)
                .thenCompose(marked -> marked
                        ? CompletableFuture.completedFuture(true)
                        : dataset.refresh().thenApply(nothing -> dataset.contains(id)));
    }

    /** The row says what the picture in the store says, as every row does. No marker covers it before its commit. */
    private CompletableFuture<StoredPicture> adopt(Derived derived) {
        Optional<ObjectHead> head = store.head(derived.id().toString());
        PictureNotes.Stored said = PictureNotes.fromMetadata(head.map(ObjectHead::metadata)
                .orElseThrow(() -> new StoreUnavailableException(
                        derived.id() + " was deleted while it was uploaded; upload it again", null)));
        Instant uploadedAt = said.uploadedAt() == null ? Instant.now() : said.uploadedAt();
        return derived.row(said.notes(), uploadedAt)
                .thenCompose(dataset::add)
                .thenApply(added -> stored(derived.id(), added));
    }

    private StoredPicture stored(ImageId id, boolean now) {
        return new StoredPicture(id.toString(), store.address(id.toString()), dimension, now);
    }
}
