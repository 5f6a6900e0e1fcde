package dev.glimpse.dataset;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a row says that does not come from the bytes of its picture.
 *
 * @param filename as the uploader called it; null if none is known
 * @param caption null if there is none
 * @param uploadedAt null if the row is to keep what it says
 */
public record RowNotes(
        @Nullable String filename,
        @Nullable String caption,
        List<String> tags,
        @Nullable Instant uploadedAt) {
    /** Copies the tags. */
    public RowNotes {
        tags = List.copyOf(tags);
    }

    /** Whether a row that says this says what it is to say. The table keeps times to the microsecond. */
    public boolean isSaidBy(RowNotes row) {
        return Objects.equals(filename, row.filename)
                && Objects.equals(caption, row.caption)
                && tags.equals(row.tags)
                && (uploadedAt == null
                        || (row.uploadedAt != null
                                && uploadedAt.truncatedTo(ChronoUnit.MICROS).equals(row.uploadedAt)));
    }
}
