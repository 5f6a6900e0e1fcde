package dev.glimpse.pictures;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.request.CursorText;
import dev.glimpse.request.InvalidQueryException;

/** Writes the position at which a page of the listing ends as a word for its URL, and reads it again. */
final class Cursor {
    private Cursor() {}

    static String of(ListPosition position) {
        return CursorText.of("images", position.toBytes());
    }

    /** @throws InvalidQueryException if {@link #of} never gave this */
    static ListPosition parse(String cursor) {
        return ListPosition.ofBytes(CursorText.parse("images", cursor)).orElseThrow(() -> CursorText.invalid(cursor));
    }
}
