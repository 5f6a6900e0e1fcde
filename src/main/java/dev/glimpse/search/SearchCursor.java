package dev.glimpse.search;

import dev.glimpse.request.CursorExpiredException;
import dev.glimpse.request.CursorText;
import dev.glimpse.request.InvalidQueryException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Where a page of a search ended. It says all that any server needs to go on, so no server keeps anything for a client: the distance from
 * which on rows may come, and which of the rows there have come already. Every row that was in the table when the first page was made
 * comes once, as long as it stays in the table; rows that come in later are found if they are not nearer than that.
 *
 * @param query print of what was asked
 * @param model print of the model's fingerprint: distances of another one cannot be compared
 * @param made when the first page was asked for, in seconds since 1970
 * @param given pictures of the pages before
 * @param from the distance of the nearest row that may come; 0 if the pages before may have missed one
 * @param seen prints of pictures of the pages before that are at this distance, or farther
 */
record SearchCursor(long query, int model, long made, int given, float from, Set<Long> seen) {
    /** Pictures of all pages of a search. */
    static final int DEEPEST = 10_000;

    /** For which the pages of a search are likely to fit together. */
    static final Duration LIFE = Duration.ofDays(1);

    /** Bytes of a print of a picture: of 10,000 pictures, two have the same one once in 5,000,000 searches. */
    private static final int PRINT_BYTES = 6;

    private static final int HEAD = 2 * Long.BYTES + 2 * Integer.BYTES + Float.BYTES;

    SearchCursor {
        seen = Set.copyOf(seen);
    }

    /** Before the first page. */
    static SearchCursor first(long query, int model, Instant now) {
        return new SearchCursor(query, model, now.getEpochSecond(), 0, 0, Set.of());
    }

    boolean isFirst() {
        return given == 0;
    }

    /** Whether a picture was on a page before, as far as that is not plain from its distance. */
    boolean has(String id) {
        return !seen.isEmpty() && seen.contains(print(id));
    }

    /** A number that is very likely another one for another picture. */
    static long print(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(hash).getLong() >>> (Long.SIZE - PRINT_BYTES * Byte.SIZE);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** This cursor as a word for a URL. It grows by eight characters for each picture of {@link #seen}. */
    String inText() {
        ByteBuffer bytes = ByteBuffer.allocate(HEAD + seen.size() * PRINT_BYTES);
        bytes.putLong(query).putInt(model).putLong(made).putInt(given).putFloat(from);
        seen.forEach(print -> bytes.putShort((short) (print >>> Integer.SIZE)).putInt(print.intValue()));
        return CursorText.of("search", bytes.array());
    }

    /**
     * Reads what {@link #inText} has written.
     *
     * @throws InvalidQueryException if it is none
     * @throws CursorExpiredException if it is too old, or of another model
     */
    static SearchCursor parse(String text, int model, Instant now) {
        ByteBuffer bytes = ByteBuffer.wrap(CursorText.parse("search", text));
        if (bytes.remaining() < HEAD || (bytes.remaining() - HEAD) % PRINT_BYTES != 0) {
            throw CursorText.invalid(text);
        }
        long query = bytes.getLong();
        int itsModel = bytes.getInt();
        long made = bytes.getLong();
        int given = bytes.getInt();
        float from = bytes.getFloat();
        Set<Long> seen = new LinkedHashSet<>();
        while (bytes.hasRemaining()) {
            seen.add((long) (bytes.getShort() & 0xFFFF) << Integer.SIZE | Integer.toUnsignedLong(bytes.getInt()));
        }
        // Written so that NaN fails as well.
        if (made < 0 || given < 1 || given >= DEEPEST || seen.size() > given || !(from >= 0)) {
            throw CursorText.invalid(text);
        }
        if (now.getEpochSecond() - made > LIFE.toSeconds()) {
            throw new CursorExpiredException("the first page of this search is of " + Instant.ofEpochSecond(made)
                    + "; its cursors are taken for " + LIFE.toHours() + " hours");
        }
        if (itsModel != model) {
            throw new CursorExpiredException("cursor was made with another model than the server has by now");
        }
        return new SearchCursor(query, model, made, given, from, seen);
    }
}
