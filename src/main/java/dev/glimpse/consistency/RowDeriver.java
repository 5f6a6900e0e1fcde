package dev.glimpse.consistency;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes the row of a picture from its bytes and its notes: the same row whenever it is made. */
public final class RowDeriver {
    /** Pictures from the store that are in memory at the same time. */
    private static final int AT_ONCE = 8;

    private final Semaphore memory = new Semaphore(AT_ONCE);
    private final FairScheduler scheduler;
    private final ImageDecoder decoder;
    private final PictureEncoder encoder;
    private final ObjectStore store;
    private final Function<ImageId, Optional<byte[]>> originals;

    /**
     * @param store has the pictures
     * @param originals reads the original of a picture, wherever it lies; empty if it is not there
     * @param table tells at any time which models the table has vectors of; empty means the configured one
     */
    public RowDeriver(
            FairScheduler scheduler,
            ImageDecoder decoder,
            Models models,
            ObjectStore store,
            Function<ImageId, Optional<byte[]>> originals,
            Supplier<Optional<TableModels>> table) {
        this.scheduler = scheduler;
        this.decoder = decoder;
        this.encoder = new PictureEncoder(models, table);
        this.store = store;
        this.originals = originals;
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
            Optional<byte[]> bytes = originals.apply(id);
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

    /**
     * The row of a picture that is in the store, which says what the picture's metadata says. Waits for the encoder. Empty if the picture
     * is gone.
     *
     * @param head of the picture
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws dev.glimpse.image.ImageTooSlowException if it takes too long to decode
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public Optional<PictureRow> rowOf(ImageId id, ObjectHead head) {
        memory.acquireUninterruptibly();
        try {
            Optional<byte[]> bytes = store.get(id.toString());
            if (bytes.isEmpty()) {
                return Optional.empty();
            }
            Ticket ticket = scheduler.ticket(new Flow("chores", "", Purpose.UPLOAD));
            return Optional.of(rowSaying(derive(id, bytes.get(), ticket), head).join());
        } finally {
            memory.release();
        }
    }

    /**
     * The row of a picture that is in the store.
     *
     * @param head of the picture: the row says what its metadata says. The row of a picture that does not say when it was uploaded says now
     */
    public static CompletableFuture<PictureRow> rowSaying(Derived derived, ObjectHead head) {
        UploadMetadata.Stored said = UploadMetadata.fromMetadata(head.metadata());
        Instant uploadedAt = said.uploadedAt();
        return derived.row(said.notes(), uploadedAt == null ? Instant.now() : uploadedAt);
    }

    /**
     * The row of a picture of a source. Waits for the encoder. Empty if the object is not there, is larger, or is another picture.
     *
     * @param key of its object
     * @param largest object that is read, in bytes
     * @param said of it; its file name does not count
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws dev.glimpse.image.ImageTooSlowException if it takes too long to decode
     * @throws dev.glimpse.image.DecoderBusyException if too many pixels wait to be decoded
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    Optional<PictureRow> rowAt(ImageId id, String key, long largest, UploadMetadata said) {
        memory.acquireUninterruptibly();
        try {
            Optional<ObjectHead> head = store.head(key);
            Optional<byte[]> bytes = head.flatMap(found -> store.get(key, largest))
                    .filter(found -> ImageId.of(found, id.format()).equals(id));
            if (head.isEmpty() || bytes.isEmpty()) {
                return Optional.empty();
            }
            SourceRows.Place place = new SourceRows.Place(
                    key, bytes.get().length, Originals.second(head.get().lastModified()));
            Derived derived = derive(id, bytes.get(), scheduler.ticket(new Flow("chores", "", Purpose.UPLOAD)));
            return Optional.of(rowAt(place, derived, said).join());
        } finally {
            memory.release();
        }
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
