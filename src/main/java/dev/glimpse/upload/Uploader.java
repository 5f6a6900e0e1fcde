package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Takes a picture in: the original into the store, its row into the table, each once. Safe to share between threads. */
public final class Uploader {
    private final ImageDecoder decoder;
    private final ClipModel model;
    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Executor puts;

    /** @param puts runs the puts of pictures, which wait for the store */
    Uploader(ImageDecoder decoder, ClipModel model, ObjectStore store, ImageDataset dataset, Executor puts) {
        this.decoder = decoder;
        this.model = model;
        this.store = store;
        this.dataset = dataset;
        this.puts = puts;
    }

    /**
     * Stores the picture unless it is there. Decodes on the calling thread; the answer comes when the picture and its
     * row are durable and the picture is found by searches. A picture of which a row exists costs no request to the
     * store.
     *
     * <p>The picture is in the store before its row is committed: a row never points at nothing. A crash between the two
     * leaves a picture without a row, and uploading it again adds the row.
     *
     * @throws EmptyFileException if there are no bytes
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws NotesTooLongException if the notes do not fit into the object's metadata
     * @throws dev.glimpse.dataset.ForeignTableException if the table is not ours to write
     * @throws dev.glimpse.dataset.ModelMismatchException if the table was made with another model
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     */
    public CompletableFuture<StoredPicture> store(byte[] bytes, PictureNotes notes) {
        if (bytes.length == 0) {
            throw new EmptyFileException("the file " + notes.displayName() + " is empty");
        }
        ImageFormat format = ImageDecoder.formatOf(bytes);
        ImageId id = ImageId.of(bytes, format);
        if (dataset.contains(id)) {
            return CompletableFuture.completedFuture(stored(id, false));
        }
        dataset.requireWritable();
        Instant uploadedAt = Instant.now();
        Map<String, String> metadata = notes.toMetadata(uploadedAt);
        // Only these go on: the pixels of all uploads under way would fill the heap.
        int width;
        int height;
        CompletableFuture<Embedding> embedded;
        try (ClipModel.ComingPicture coming = model.announcePicture()) {
            DecodedImage image = decoder.decode(bytes);
            width = image.width();
            height = image.height();
            embedded = coming.embed(image);
        }
        CompletableFuture<Boolean> put = CompletableFuture.supplyAsync(
                () -> store.putIfAbsent(id.toString(), bytes, format.mediaType(), metadata), puts);
        return put.thenCombine(
                        embedded,
                        (first, embedding) -> new PictureRow(
                                id,
                                store.address(id.toString()),
                                embedding,
                                bytes.length,
                                width,
                                height,
                                uploadedAt,
                                notes.filename(),
                                notes.caption(),
                                notes.tags()))
                .thenCompose(dataset::add)
                .thenApply(added -> stored(id, added));
    }

    private StoredPicture stored(ImageId id, boolean now) {
        return new StoredPicture(
                id.toString(), store.address(id.toString()), model.descriptor().dimension(), now);
    }
}
