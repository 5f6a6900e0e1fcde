package dev.glimpse.dataset;

import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A picture as the table keeps it.
 *
 * @param path where the original is, as other programs name it
 * @param bytes size of the original
 * @param width upright, pixels
 * @param height upright, pixels
 * @param filename as the uploader called it
 * @param takenAt when the picture was taken, as its file says; null if it does not
 * @param fingerprint of the pixels; null if it is not known
 */
public record PictureRow(
        ImageId id,
        String path,
        Embedding vector,
        long bytes,
        int width,
        int height,
        Instant uploadedAt,
        @Nullable String filename,
        @Nullable String caption,
        List<String> tags,
        @Nullable Instant takenAt,
        @Nullable Fingerprint fingerprint) {
    public PictureRow {
        tags = List.copyOf(tags);
    }

    /** A row of a picture of which it is known neither when it was taken nor what its pixels are. */
    public PictureRow(
            ImageId id,
            String path,
            Embedding vector,
            long bytes,
            int width,
            int height,
            Instant uploadedAt,
            @Nullable String filename,
            @Nullable String caption,
            List<String> tags) {
        this(id, path, vector, bytes, width, height, uploadedAt, filename, caption, tags, null, null);
    }

    /** The cosine distance to a query: 0 the same direction, 1 at right angles, 2 opposite. */
    public double distanceTo(Embedding query) {
        // Rounding takes equal vectors a hair below zero.
        return Math.max(0, 1 - query.cosine(vector));
    }
}
