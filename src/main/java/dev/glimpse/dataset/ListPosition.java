package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The place of a picture among all pictures, the newest first. It depends on what the picture says of itself and on nothing else, so it is
 * the same in every server and stays the same while other pictures come and go. Of two pictures of the same time, the one with the larger
 * id comes first.
 *
 * @param micros when the picture was uploaded, in microseconds since 1970; {@link #UNKNOWN} comes last
 */
public record ListPosition(long micros, String id) implements Comparable<ListPosition> {
    private static final byte FORMAT = 1;

    private static final int HEAD = 1 + Integer.BYTES + Long.BYTES;

    /** The time of pictures of which it is not known. */
    public static final long UNKNOWN = Long.MIN_VALUE;

    private static final Comparator<ListPosition> ORDER = Comparator.comparingLong(ListPosition::micros)
            .thenComparing(ListPosition::beginning, Integer::compareUnsigned)
            .thenComparing(ListPosition::id)
            .reversed();

    public static ListPosition of(Picture picture) {
        return new ListPosition(inMicros(picture.uploadedAt()), picture.id());
    }

    /** The time as the table keeps it, in microseconds since 1970. */
    public static long inMicros(@Nullable Instant time) {
        // ChronoUnit counts nanoseconds on the way, of which a long has 292 years.
        return time == null
                ? UNKNOWN
                : Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1000);
    }

    /**
     * The first 32 bits of the hash in an id. Larger ids have larger ones, as unsigned numbers. Other software may have ids without such
     * a hash, of which it is any number, so that these too are seldom equal.
     */
    public static int beginning(String id) {
        return ImageId.parse(id).map(ours -> (int) (IdSet.high(ours) >>> 32)).orElseGet(id::hashCode);
    }

    /**
     * This position as a word for a URL. It has the number of the format in front, so that another format can be told from it one day, and
     * a checksum, so that a word that was cut or changed is refused.
     */
    public String toWord() {
        byte[] name = id.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(HEAD + name.length);
        bytes.put(FORMAT).putInt(checksum(micros, name)).putLong(micros).put(name);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** The position that this is the word of. Empty if {@link #toWord} never gave it. */
    public static Optional<ListPosition> ofWord(String word) {
        ByteBuffer bytes;
        try {
            bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(word));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        if (bytes.remaining() < HEAD || bytes.get() != FORMAT) {
            return Optional.empty();
        }
        int checksum = bytes.getInt();
        long micros = bytes.getLong();
        byte[] name = new byte[bytes.remaining()];
        bytes.get(name);
        return checksum == checksum(micros, name)
                ? Optional.of(new ListPosition(micros, new String(name, StandardCharsets.UTF_8)))
                : Optional.empty();
    }

    private static int checksum(long micros, byte[] name) {
        CRC32 checksum = new CRC32();
        checksum.update(ByteBuffer.allocate(Long.BYTES).putLong(micros).array());
        checksum.update(name);
        return (int) checksum.getValue();
    }

    private int beginning() {
        return beginning(id);
    }

    /** Less than 0 if this one comes first. */
    @Override
    public int compareTo(ListPosition other) {
        return ORDER.compare(this, other);
    }
}
