package dev.glimpse.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** TIFFs with samples of any kind, for tests: Java writes few of them. For one thread. */
public final class TestTiff {
    private static final int SHORT = 3;
    private static final int LONG = 4;

    private final int width;
    private final int height;
    private final ByteOrder order;
    private final Map<Integer, int[]> tags = new TreeMap<>();
    private byte[] samples = new byte[0];
    private int strips = 1;
    private int bits = 8;
    private int format = 1;

    /** Of RGB bytes in little-endian order, unless tags say otherwise. */
    public TestTiff(int width, int height) {
        this(width, height, ByteOrder.LITTLE_ENDIAN);
    }

    public TestTiff(int width, int height, ByteOrder order) {
        this.width = width;
        this.height = height;
        this.order = order;
        tag(256, width)
                .tag(257, height)
                .tag(258, 8, 8, 8)
                .tag(259, 1)
                .tag(262, 2)
                .tag(277, 3);
    }

    public TestTiff tag(int tag, int... values) {
        tags.put(tag, values);
        return this;
    }

    /** Grey of so many bits a sample, and a format: 1 unsigned, 2 signed, 3 floating point. */
    public TestTiff gray(int bits, int format) {
        return of(bits, format).tag(258, bits).tag(262, 1).tag(277, 1).tag(339, format);
    }

    /** RGB of so many bits a sample, and a format: 1 unsigned, 2 signed, 3 floating point. */
    public TestTiff rgb(int bits, int format) {
        return of(bits, format).tag(258, bits, bits, bits).tag(339, format, format, format);
    }

    /** RGB and a fourth channel. */
    public TestTiff fourChannels(int bits, int format, int meaning) {
        return of(bits, format)
                .tag(258, bits, bits, bits, bits)
                .tag(277, 4)
                .tag(338, meaning)
                .tag(339, format, format, format, format);
    }

    private TestTiff of(int bits, int format) {
        this.bits = bits;
        this.format = format;
        return this;
    }

    /** All samples, pixel by pixel and row by row, as they are in the file unless it is compressed. */
    public TestTiff samples(byte[] bytes) {
        samples = bytes.clone();
        return this;
    }

    /** The same pixel everywhere, as numbers of the kind that the tags say. */
    public TestTiff filledWith(double... pixel) {
        ByteBuffer bytes =
                ByteBuffer.allocate(width * height * pixel.length * bits / 8).order(order);
        for (int i = 0; i < width * height; i++) {
            for (double sample : pixel) {
                put(bytes, sample);
            }
        }
        return samples(bytes.array());
    }

    /** Numbers of the kind that the tags say, pixel by pixel. */
    public TestTiff of(double... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * bits / 8).order(order);
        for (double sample : values) {
            put(bytes, sample);
        }
        return samples(bytes.array());
    }

    private void put(ByteBuffer bytes, double sample) {
        switch (bits) {
            case 8 -> bytes.put((byte) (long) sample);
            case 16 -> bytes.putShort((short) (long) sample);
            case 32 -> {
                if (format == 3) {
                    bytes.putFloat((float) sample);
                } else {
                    bytes.putInt((int) (long) sample);
                }
            }
            case 64 -> bytes.putDouble(sample);
            default -> throw new IllegalArgumentException("no samples of " + bits + " bits");
        }
    }

    /** The samples as zlib packs them. */
    public TestTiff deflated() {
        samples = TestImages.deflated(samples);
        return tag(259, 8);
    }

    /** In so many strips of the same length: planes, for example. */
    public TestTiff strips(int count) {
        strips = count;
        return this;
    }

    public byte[] bytes() {
        int[] lengths = new int[strips];
        Arrays.fill(lengths, samples.length / strips);
        int[] offsets = new int[strips];
        tag(273, offsets).tag(279, lengths);
        tags.putIfAbsent(278, new int[] {height});
        int directory = 8;
        int more = directory + 2 + tags.size() * 12 + 4;
        int data = more;
        for (Map.Entry<Integer, int[]> entry : tags.entrySet()) {
            int bytes = entry.getValue().length * size(entry);
            data += bytes > 4 ? bytes : 0;
        }
        for (int strip = 0; strip < strips; strip++) {
            offsets[strip] = data + strip * lengths[0];
        }
        ByteBuffer file = ByteBuffer.allocate(data + samples.length).order(order);
        byte first = (byte) (order == ByteOrder.LITTLE_ENDIAN ? 'I' : 'M');
        file.put(first).put(first).putShort((short) 42).putInt(directory).putShort((short) tags.size());
        for (Map.Entry<Integer, int[]> entry : tags.entrySet()) {
            int[] values = entry.getValue();
            file.putShort(entry.getKey().shortValue())
                    .putShort((short) (size(entry) == 2 ? SHORT : LONG))
                    .putInt(values.length);
            int next = file.position() + 4;
            if (values.length * size(entry) > 4) {
                file.putInt(more);
                file.position(more);
                more += values.length * size(entry);
            }
            for (int value : values) {
                if (size(entry) == 2) {
                    file.putShort((short) value);
                } else {
                    file.putInt(value);
                }
            }
            file.position(next);
        }
        return file.position(data).put(samples).array();
    }

    private static int size(Map.Entry<Integer, int[]> entry) {
        return entry.getKey() == 273 || Arrays.stream(entry.getValue()).anyMatch(value -> value > 0xFFFF) ? 4 : 2;
    }
}
