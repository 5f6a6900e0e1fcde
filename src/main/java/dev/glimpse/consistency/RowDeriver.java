package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the row of a picture from its bytes and its notes: the same row whenever it is made. */
public final class RowDeriver {
    private static final Logger log = LoggerFactory.getLogger(RowDeriver.class);

    /** Pictures from the store that are in memory at the same time. */
    private static final int AT_ONCE = 8;

    private final Semaphore memory = new Semaphore(AT_ONCE);
    private final FairScheduler scheduler;
    private final ImageDecoder decoder;
    private final PictureEncoder encoder;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Originals originals;

    public RowDeriver(
            FairScheduler scheduler, ImageDecoder decoder, Models models, ObjectStore store, ImageDataset dataset) {
        this.scheduler = scheduler;
        this.decoder = decoder;
        this.encoder = new PictureEncoder(models, dataset.models());
        this.store = store;
        this.dataset = dataset;
        this.originals = new Originals(store, dataset);
    }

    /** What the bytes say. The pixels do not go on: those of all uploads under way would fill the heap. */
    public record Derived(
            ImageId id,
            String path,
            long bytes,
            int width,
            int height,
            @Nullable Instant takenAt,
            Fingerprint fingerprint,
            CompletableFuture<PictureEncoder.Vectors> vectors) {
        /** What the bytes say, with another address at which the picture lies. */
        Derived at(String address) {
            return new Derived(id, address, bytes, width, height, takenAt, fingerprint, vectors);
        }

        public CompletableFuture<PictureRow> row(UploadMetadata notes, Instant uploadedAt) {
            return vectors.thenApply(made -> new PictureRow(
                    id,
                    path,
                    made.vector(),
                    bytes,
                    width,
                    height,
                    uploadedAt,
                    notes.filename(),
                    notes.caption(),
                    notes.tags(),
                    takenAt,
                    fingerprint,
                    made.model(),
                    made.others()));
        }
    }

    /**
     * The format that the first bytes announce.
     *
     * @throws dev.glimpse.image.UnsupportedImageException if it is none that is decoded here
     */
    public ImageFormat formatOf(byte[] bytes) {
        return decoder.formatOf(bytes);
    }

    /**
     * Decodes on the calling thread, when the scheduler lets the ticket run. The embedding comes later.
     *
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws dev.glimpse.image.ImageTooSlowException if it takes too long to decode
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.image.DecoderUnavailableException if a program that it takes is gone
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     */
    public Derived derive(ImageId id, byte[] bytes, Ticket ticket) {
        try (PictureEncoder.Coming coming = encoder.announce()) {
            return decoder.decode(
                    bytes,
                    ticket,
                    image -> new Derived(
                            id,
                            store.address(id.toString()),
                            bytes.length,
                            image.width(),
                            image.height(),
                            image.takenAt(),
                            ticket.run(slice -> image.fingerprint()),
                            coming.embed(image, ticket)));
        }
    }

    /**
     * The vector that a model makes of a picture that is in the store. Waits for the encoder. Empty if the picture is gone.
     *
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept, any more
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws dev.glimpse.image.ImageTooSlowException if it takes too long to decode
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public Optional<Embedding> vectorOf(ImageId id, ClipModel model, Ticket ticket) {
        memory.acquireUninterruptibly();
        try {
            Optional<byte[]> bytes = originals.read(id);
            if (bytes.isEmpty()) {
                return Optional.empty();
            }
            // The encoder waits for pictures that are announced, and not for the bucket.
            try (ClipModel.ComingPicture coming = model.announcePicture()) {
                return Optional.of(decoder.decode(bytes.get(), ticket, image -> coming.embed(image, ticket))
                        .join());
            }
        } finally {
            memory.release();
        }
    }

    /** What became of a row. */
    enum Outcome {
        ADDED,
        /** There was one, or the picture is gone. */
        NOT_ADDED,
        /** There can be none: the bytes are no picture that we accept. */
        IMPOSSIBLE
    }

    /**
     * Adds the row of a picture that is in the store. Waits for the encoder.
     *
     * @param head of it: the row says what that says
     * @return completes with what became of it, when a row is committed, whoever has added it
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     */
    CompletableFuture<Outcome> addRowOf(ImageId id, ObjectHead head) {
        memory.acquireUninterruptibly();
        PictureRow row;
        try {
            Optional<byte[]> bytes = store.get(id.toString());
            if (bytes.isEmpty()) {
                return CompletableFuture.completedFuture(Outcome.NOT_ADDED);
            }
            UploadMetadata.Stored said = UploadMetadata.fromMetadata(head.metadata());
            row = derive(id, bytes.get(), scheduler.ticket(new Flow("chores", "", Purpose.UPLOAD)))
                    .row(said.notes(), said.uploadedAt() == null ? Instant.now() : said.uploadedAt())
                    .join();
        } catch (UnsupportedImageException | DamagedImageException | ImageTooLargeException | ImageTooSlowException e) {
            log.warn("{} is in the store and cannot get a row: {}", id, e.getMessage());
            return CompletableFuture.completedFuture(Outcome.IMPOSSIBLE);
        } finally {
            memory.release();
        }
        return dataset.add(row).thenApply(added -> added ? Outcome.ADDED : Outcome.NOT_ADDED);
    }

    /**
     * Adds the row of a picture of a source. Waits for the encoder.
     *
     * @param key of its object
     * @param largest object that is read, in bytes
     * @return completes with true when a row is committed, whoever has added it; with false if the object is not there, is larger, or is
     *     another picture
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     */
    CompletableFuture<Boolean> addRowAt(ImageId id, String key, long largest) {
        memory.acquireUninterruptibly();
        PictureRow row;
        try {
            Optional<ObjectHead> head = store.head(key);
            Optional<byte[]> bytes = head.flatMap(found -> store.get(key, largest))
                    .filter(found -> ImageId.of(found, id.format()).equals(id));
            if (head.isEmpty() || bytes.isEmpty()) {
                return CompletableFuture.completedFuture(false);
            }
            SourceRows.Place place = new SourceRows.Place(
                    key, bytes.get().length, Originals.second(head.get().lastModified()));
            Derived derived = derive(id, bytes.get(), scheduler.ticket(new Flow("chores", "", Purpose.UPLOAD)));
            row = rowAt(place, derived, originals.said(id)).join();
        } finally {
            memory.release();
        }
        return dataset.add(row).thenApply(added -> true);
    }

    /**
     * The row of a picture of a source, once its vectors are made.
     *
     * @param said of it; its file name does not count
     */
    public CompletableFuture<PictureRow> rowAt(SourceRows.Place place, Derived derived, UploadMetadata said) {
        return derived.at(store.address(place.key()))
                .row(new UploadMetadata(place.filename(), said.caption(), said.tags()), place.modified());
    }
}
