package dev.glimpse.dataset;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a row says of its picture, as answers show it. What a table of other software does not have is null.
 *
 * @param path where the original is, as other programs name it
 * @param bytes size of the original
 * @param width upright, pixels
 * @param height upright, pixels
 * @param filename as the uploader called it
 * @param takenAt when the picture was taken, as its file says; null also in rows that were written before the table had that column
 */
public record Picture(
        String id,
        @Nullable String path,
        @Nullable String contentType,
        @Nullable Long bytes,
        @Nullable Integer width,
        @Nullable Integer height,
        @Nullable Instant uploadedAt,
        @Nullable String filename,
        @Nullable String caption,
        List<String> tags,
        @Nullable Instant takenAt) {
    /** Copies the tags. */
    public Picture {
        tags = List.copyOf(tags);
    }

    /** A picture of which it is not known when it was taken. */
    public Picture(
            String id,
            @Nullable String path,
            @Nullable String contentType,
            @Nullable Long bytes,
            @Nullable Integer width,
            @Nullable Integer height,
            @Nullable Instant uploadedAt,
            @Nullable String filename,
            @Nullable String caption,
            List<String> tags) {
        this(id, path, contentType, bytes, width, height, uploadedAt, filename, caption, tags, null);
    }

    /** What this row says of its picture. */
    public static Picture of(PictureRow row) {
        return new Picture(
                row.id().toString(),
                row.path(),
                row.id().format().mediaType(),
                row.bytes(),
                row.width(),
                row.height(),
                row.uploadedAt(),
                row.filename(),
                row.caption(),
                row.tags(),
                row.takenAt());
    }

    /** This picture with another path. */
    public Picture at(String address) {
        return new Picture(
                id, address, contentType, bytes, width, height, uploadedAt, filename, caption, tags, takenAt);
    }
}
