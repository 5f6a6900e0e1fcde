package dev.glimpse.pictures;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.request.CursorText;
import dev.glimpse.request.InvalidQueryException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes the position at which a page of the listing ends as a word for its URL, and reads it again. */
final class Cursor {
    private Cursor() {}

    static String of(ListPosition position) {
        byte[] id = position.id().getBytes(StandardCharsets.UTF_8);
        return CursorText.of(ByteBuffer.allocate(Long.BYTES + id.length)
                .putLong(position.micros())
                .put(id)
                .array());
    }

    /** @throws InvalidQueryException if {@link #of} never gave this */
    static ListPosition parse(String cursor) {
        ByteBuffer bytes = ByteBuffer.wrap(CursorText.parse(cursor));
        if (bytes.remaining() < Long.BYTES) {
            throw CursorText.invalid(cursor);
        }
        long micros = bytes.getLong();
        return new ListPosition(micros, StandardCharsets.UTF_8.decode(bytes).toString());
    }
}
