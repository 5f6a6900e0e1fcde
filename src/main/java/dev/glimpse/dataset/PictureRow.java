package dev.glimpse.dataset;

import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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
 * @param model fingerprint of the model that made the vector; null if there is one model alone
 * @param others vectors of other models, by the fingerprints of these
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
        @Nullable Fingerprint fingerprint,
        @Nullable String model,
        Map<String, Embedding> others) {
    public PictureRow {
        tags = List.copyOf(tags);
        others = Map.copyOf(others);
    }

    /** A row with a vector of the only model that there is. */
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
            List<String> tags,
            @Nullable Instant takenAt,
            @Nullable Fingerprint fingerprint) {
        this(
                id,
                path,
                vector,
                bytes,
                width,
                height,
                uploadedAt,
                filename,
                caption,
                tags,
                takenAt,
                fingerprint,
                null,
                Map.of());
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

    /**
     * The vector that this model made; null if there is none.
     *
     * @param fingerprint of the model; null for the only one that there is
     */
    public @Nullable Embedding vectorOf(@Nullable String fingerprint) {
        return fingerprint == null || model == null || fingerprint.equals(model) ? vector : others.get(fingerprint);
    }

    /** The cosine distance of two vectors of one model: 0 the same direction, 1 at right angles, 2 opposite. */
    public static double distance(Embedding vector, Embedding query) {
        // Rounding takes equal vectors a hair below zero.
        return Math.max(0, 1 - query.cosine(vector));
    }
}
