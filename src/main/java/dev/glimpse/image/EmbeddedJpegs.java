package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds the JPEGs inside another file by what they begin with. Cameras write previews into their raws at places that each maker describes in
 * another way, often in notes that nobody else can read.
 */
final class EmbeddedJpegs {
    /** Each is a step from one segment to the next. A raw has some hundred, so that more is no raw. */
    private static final int MOST_SEGMENTS = 20_000;

    /**
     * One that was found.
     *
     * @param start of its first byte
     */
    record Found(int start, int width, int height) {
        long pixels() {
            return (long) width * height;
        }
    }

    private final ByteBuffer file;
    private int segments;

    private EmbeddedJpegs(byte[] bytes) {
        this.file = ByteBuffer.wrap(bytes);
    }

    /** The one with the most pixels. Only those that a reader of JPEGs knows: not the sensor's own data, which may be JPEGs too. */
    static Optional<Found> largest(byte[] bytes) {
        return new EmbeddedJpegs(bytes).all().stream().max(Comparator.comparingLong(Found::pixels));
    }

    /** The one that begins at this byte; empty if none does. */
    static Optional<Found> at(byte[] bytes, long start) {
        return start < 0 || start > bytes.length - 4 ? Optional.empty() : new EmbeddedJpegs(bytes).at((int) start);
    }

    private List<Found> all() {
        List<Found> found = new ArrayList<>();
        for (int at = 0; at + 4 <= file.capacity() && segments < MOST_SEGMENTS; at++) {
            if (file.get(at) == (byte) 0xFF) {
                at(at).ifPresent(found::add);
            }
        }
        return found;
    }

    private Optional<Found> at(int start) {
        if ((file.getInt(start) & 0xFFFFFF00) != 0xFFD8FF00) {
            return Optional.empty();
        }
        Found frame = new Found(start, 0, 0);
        int at = start + 2;
        while (at + 4 <= file.capacity() && segments++ < MOST_SEGMENTS) {
            int marker = file.getShort(at) & 0xFFFF;
            if (marker == 0xFFFF) {
                at++;
                continue;
            }
            int length = file.getShort(at + 2) & 0xFFFF;
            if (marker < 0xFFC0 || (marker >= 0xFFD0 && marker <= 0xFFD9) || length < 2) {
                return Optional.empty();
            }
            if (marker == 0xFFDA) {
                return Optional.of(frame).filter(found -> found.pixels() > 0);
            }
            boolean first = frame.pixels() == 0;
            if (marker >= 0xFFC0 && marker <= 0xFFC2 && first && at + 10 <= file.capacity() && file.get(at + 4) == 8) {
                frame = new Found(start, file.getShort(at + 7) & 0xFFFF, file.getShort(at + 5) & 0xFFFF);
            }
            at += 2 + length;
        }
        return Optional.empty();
    }
}
