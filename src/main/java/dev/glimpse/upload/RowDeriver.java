package dev.glimpse.upload;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.Embedding;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/** Makes the row of a picture from its bytes and its notes: the same row whenever it is made. */
final class RowDeriver {
    private final ImageDecoder decoder;
    private final ClipModel model;
    private final ObjectStore store;

    RowDeriver(ImageDecoder decoder, ClipModel model, ObjectStore store) {
        this.decoder = decoder;
        this.model = model;
        this.store = store;
    }

    /** What the bytes say. The pixels do not go on: those of all uploads under way would fill the heap. */
    record Derived(ImageId id, String path, long bytes, int width, int height, CompletableFuture<Embedding> embedding) {
        CompletableFuture<PictureRow> row(PictureNotes notes, Instant uploadedAt) {
            return embedding.thenApply(vector -> new PictureRow(
                    id,
                    path,
                    vector,
                    bytes,
                    width,
                    height,
                    uploadedAt,
                    notes.filename(),
                    notes.caption(),
                    notes.tags()));
        }
    }

    /**
     * Decodes on the calling thread; the embedding comes later.
     *
     * @throws dev.glimpse.image.UnsupportedImageException if the bytes are no picture that we accept
     * @throws dev.glimpse.image.DamagedImageException if they begin like one and cannot be decoded
     * @throws dev.glimpse.image.ImageTooLargeException if it has too many pixels
     * @throws dev.glimpse.embedding.EncoderBusyException if too much waits for the encoder
     */
    Derived derive(ImageId id, byte[] bytes) {
        try (ClipModel.ComingPicture coming = model.announcePicture()) {
            DecodedImage image = decoder.decode(bytes);
            return new Derived(
                    id, store.address(id.toString()), bytes.length, image.width(), image.height(), coming.embed(image));
        }
    }
}
