package dev.glimpse.pictures;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.request.InvalidQueryException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * Writes the position at which a page of the listing ends as a word for its URL, and reads it again. The word has the number of the format
 * in front, so that another format can be told from it one day, and a checksum, so that a word that was cut or changed is refused.
 */
final class Cursor {
    private static final byte FORMAT = 1;

    private static final int HEAD = 1 + Integer.BYTES + Long.BYTES;

    private Cursor() {}

    static String of(ListPosition position) {
        byte[] id = position.id().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(HEAD + id.length);
        bytes.put(FORMAT)
                .putInt(checksum(position.micros(), id))
                .putLong(position.micros())
                .put(id);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** @throws InvalidQueryException if {@link #of} never gave this */
    static ListPosition parse(String cursor) {
        ByteBuffer bytes = ByteBuffer.wrap(decode(cursor));
        if (bytes.remaining() < HEAD || bytes.get() != FORMAT) {
            throw invalid(cursor);
        }
        int checksum = bytes.getInt();
        long micros = bytes.getLong();
        byte[] id = new byte[bytes.remaining()];
        bytes.get(id);
        if (checksum != checksum(micros, id)) {
            throw invalid(cursor);
        }
        return new ListPosition(micros, new String(id, StandardCharsets.UTF_8));
    }

    private static byte[] decode(String cursor) {
        try {
            return Base64.getUrlDecoder().decode(cursor);
        } catch (IllegalArgumentException e) {
            throw invalid(cursor);
        }
    }

    private static int checksum(long micros, byte[] id) {
        CRC32 checksum = new CRC32();
        checksum.update(ByteBuffer.allocate(Long.BYTES).putLong(micros).array());
        checksum.update(id);
        return (int) checksum.getValue();
    }

    private static InvalidQueryException invalid(String cursor) {
        return new InvalidQueryException(
                "cursor must be the next of an answer of this server's version, as it was given; without a"
                        + " cursor the listing begins: " + cursor);
    }
}
