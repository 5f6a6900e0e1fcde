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
        List<String> tags) {
    /** Copies the tags. */
    public Picture {
        tags = List.copyOf(tags);
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
                row.tags());
    }

    /** This picture with another path. */
    public Picture at(String address) {
        return new Picture(id, address, contentType, bytes, width, height, uploadedAt, filename, caption, tags);
    }
}
