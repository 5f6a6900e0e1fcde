package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The place of a picture among all pictures, the newest first. It depends on what the picture says of itself and on nothing else, so it is
 * the same in every server and stays the same while other pictures come and go. Of two pictures of the same time, the one with the larger
 * id comes first.
 *
 * @param micros when the picture was uploaded, in microseconds since 1970; {@link #UNKNOWN} comes last
 */
public record ListPosition(long micros, String id) implements Comparable<ListPosition> {
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

    /** All of this position, for a cursor. */
    public byte[] toBytes() {
        byte[] name = id.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + name.length)
                .putLong(micros)
                .put(name)
                .array();
    }

    /** The position that {@link #toBytes} gave these for. Empty if they are too few. */
    public static Optional<ListPosition> ofBytes(byte[] position) {
        if (position.length < Long.BYTES) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.wrap(position);
        long micros = bytes.getLong();
        return Optional.of(
                new ListPosition(micros, StandardCharsets.UTF_8.decode(bytes).toString()));
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
