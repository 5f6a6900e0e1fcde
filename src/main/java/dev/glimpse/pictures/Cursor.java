package dev.glimpse.pictures;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.request.InvalidQueryException;

/** The position at which a page of the listing ends, as a word for its URL. */
final class Cursor {
    private Cursor() {}

    static String of(ListPosition position) {
        return position.toWord();
    }

    /** @throws InvalidQueryException if {@link #of} never gave this */
    static ListPosition parse(String cursor) {
        return ListPosition.ofWord(cursor)
                .orElseThrow(() -> new InvalidQueryException(
                        "cursor must be the next of an answer of this server's version, as it was given; without a"
                                + " cursor the listing begins: " + cursor));
    }
}
