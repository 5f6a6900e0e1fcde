package dev.glimpse.request;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * Writes where a page ends as a word for a URL, and reads it again. The word has the number of the format in front, so that another format
 * can be told from it one day, and a checksum, so that a word that was cut or changed is refused, and so is one of another call.
 */
public final class CursorText {
    private static final byte FORMAT = 1;

    private static final int HEAD = 1 + Integer.BYTES;

    private CursorText() {}

    /**
     * Writes what a cursor has to say.
     *
     * @param call that alone takes it, for example "search"
     */
    public static String of(String call, byte[] position) {
        ByteBuffer bytes = ByteBuffer.allocate(HEAD + position.length);
        bytes.put(FORMAT).putInt(checksum(call, position)).put(position);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /**
     * Reads what a cursor says.
     *
     * @throws InvalidQueryException if {@link #of} never gave this for this call
     */
    public static byte[] parse(String call, String cursor) {
        ByteBuffer bytes = ByteBuffer.wrap(decode(cursor));
        if (bytes.remaining() < HEAD || bytes.get() != FORMAT) {
            throw invalid(cursor);
        }
        int checksum = bytes.getInt();
        byte[] position = new byte[bytes.remaining()];
        bytes.get(position);
        if (checksum != checksum(call, position)) {
            throw invalid(cursor);
        }
        return position;
    }

    private static byte[] decode(String cursor) {
        try {
            return Base64.getUrlDecoder().decode(cursor);
        } catch (IllegalArgumentException e) {
            throw invalid(cursor);
        }
    }

    private static int checksum(String call, byte[] position) {
        CRC32 checksum = new CRC32();
        checksum.update(call.getBytes(StandardCharsets.UTF_8));
        checksum.update(position);
        return (int) checksum.getValue();
    }

    /** Says that a cursor is none of this call. */
    public static InvalidQueryException invalid(String cursor) {
        return new InvalidQueryException(
                "cursor must be the next of an answer of this call and this server's version, as it was given;"
                        + " without a cursor the first page comes: " + ParameterValues.shortened(cursor));
    }
}
