package dev.glimpse.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Files of directories, as TIFFs and camera raws are: pictures and data first, then the directories that describe them, the first one last.
 * For one thread.
 */
public final class TestDirectories {
    public static final int BYTE = 1;
    public static final int TEXT = 2;
    public static final int SHORT = 3;
    public static final int LONG = 4;
    public static final int UNDEFINED = 7;

    private static final int SIGNED_SHORT = 8;
    private static final int SIGNED_LONG = 9;

    private final ByteOrder order;
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    public TestDirectories(ByteOrder order) {
        this.order = order;
        file.writeBytes(new byte[16]);
    }

    /** Where these bytes are, from now on. */
    public int data(byte[] bytes) {
        file.writeBytes(new byte[file.size() % 2]);
        int start = file.size();
        file.writeBytes(bytes);
        return start;
    }

    /** A directory to be filled. */
    public Directory directory() {
        return new Directory();
    }

    /** The tags of one directory. */
    public final class Directory {
        private final Map<Integer, byte[]> entries = new TreeMap<>();

        public Directory tag(int tag, int type, int... values) {
            int size = type == SHORT || type == SIGNED_SHORT ? 2 : type == LONG || type == SIGNED_LONG ? 4 : 1;
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.max(4, values.length * size)).order(order);
            for (int value : values) {
                switch (size) {
                    case 1 -> bytes.put((byte) value);
                    case 2 -> bytes.putShort((short) value);
                    default -> bytes.putInt(value);
                }
            }
            return entry(tag, type, values.length, bytes.array());
        }

        public Directory text(int tag, String text) {
            byte[] letters = (text + "\0\0\0\0").getBytes(StandardCharsets.US_ASCII);
            return entry(tag, TEXT, letters.length, letters);
        }

        public Directory bytes(int tag, byte[] bytes) {
            return entry(tag, UNDEFINED, bytes.length, bytes);
        }

        private Directory entry(int tag, int type, int count, byte[] values) {
            ByteBuffer entry = ByteBuffer.allocate(12).order(order);
            entry.putShort((short) tag).putShort((short) type).putInt(count);
            if (values.length > 4) {
                entry.putInt(data(values));
            } else {
                entry.put(values);
            }
            entries.put(tag, entry.array());
            return this;
        }

        /** A page of bytes, in one strip, that are packed as the compression says. */
        public Directory picture(int width, int height, int compression, int colors, byte[] packed) {
            int[] bits = colors == 2 || colors == 6 ? new int[] {8, 8, 8} : new int[] {8};
            return tag(256, LONG, width)
                    .tag(257, LONG, height)
                    .tag(258, SHORT, bits)
                    .tag(259, SHORT, compression)
                    .tag(262, SHORT, colors)
                    .tag(273, LONG, data(packed))
                    .tag(277, SHORT, bits.length)
                    .tag(278, LONG, height)
                    .tag(279, LONG, packed.length);
        }

        /** The data of a sensor, of 16 bits, all zero. */
        public Directory sensor(int width, int height) {
            return picture(width, height, 1, 32803, new byte[width * height * 2])
                    .tag(258, SHORT, 16);
        }

        /** Where it is, from now on. */
        public int before(int next) {
            ByteBuffer bytes = ByteBuffer.allocate(2 + 12 * entries.size() + 4).order(order);
            bytes.putShort((short) entries.size());
            entries.values().forEach(bytes::put);
            return data(bytes.putInt(next).array());
        }
    }

    /** The file whose first directory this is. */
    public byte[] bytes(int first) {
        byte[] bytes = file.toByteArray();
        byte letter = (byte) (order == ByteOrder.LITTLE_ENDIAN ? 'I' : 'M');
        ByteBuffer.wrap(bytes)
                .order(order)
                .put(letter)
                .put(letter)
                .putShort((short) 42)
                .putInt(first);
        return bytes;
    }
}
