package dev.glimpse.image;

/**
 * The pixels of a lossless WebP, or the transparency of a lossy one, up to where the pixels begin: before them are transforms,
 * each of which is a pass over all pixels and takes no more than three bits of the file, and Huffman codes, each of which
 * takes kilobytes of memory and no more than four bits. Whatever the file says, the reader does and takes all of it, and
 * cannot be stopped meanwhile.
 *
 * @param at where the transforms begin
 * @param width of the picture that they are applied to
 */
record LosslessWebp(int at, int width, int height) {
    private static final int SUBTRACT_GREEN = 2;
    private static final int PALETTE = 3;

    private static final int GREENS = 256;
    private static final int LENGTHS = 24;
    private static final int DISTANCES = 40;

    /** Encoders come to a quarter of it, with some thousand groups of codes for a large picture. */
    private static final long CODES_BYTES = 128 << 20;

    /**
     * Reads up to the first pixel.
     *
     * @return the bytes that the transforms and the codes take in the reader
     * @throws DamagedImageException if a transform is there twice, which the format does not allow, the codes would fill
     *     much memory, or the file ends before
     * @throws ImageTooSlowException if the time is over
     */
    long requireModest(byte[] bytes, Deadline deadline) {
        Bits bits = new Bits(bytes, at);
        Transformed transformed = transforms(bits, deadline);
        int across = transformed.across;
        long blocks = transformed.bytes;
        int cacheBits = bits.next(1) == 1 ? bits.next(4) : 0;
        int groups = 1;
        if (bits.next(1) == 1) {
            int blockBits = bits.next(3) + 2;
            blocks += 4L * blocks(across, blockBits) * blocks(height, blockBits);
            groups = 1 + highestPixel(bits, blocks(across, blockBits), blocks(height, blockBits), deadline);
        }
        long memory = 0;
        for (int group = 0; group < groups && !bits.isBeyondEnd(); group++) {
            deadline.check();
            for (int alphabet : new int[] {greens(cacheBits), 256, 256, 256, DISTANCES}) {
                memory += Code.read(bits, alphabet).readersBytes();
            }
            if (memory > CODES_BYTES) {
                throw new DamagedImageException("damaged WEBP: its codes take more memory than is granted");
            }
        }
        if (bits.isBeyondEnd()) {
            // The reader would go on with zeros.
            throw new DamagedImageException("damaged WEBP: cut off before its pixels");
        }
        return memory + blocks;
    }

    /**
     * @param across how many pixels a line has for what follows: a palette packs several into one
     * @param bytes that the transforms take
     */
    private record Transformed(int across, long bytes) {}

    private Transformed transforms(Bits bits, Deadline deadline) {
        int seen = 0;
        int across = width;
        long bytes = 0;
        while (bits.next(1) == 1) {
            int transform = bits.next(2);
            if ((seen >> transform & 1) == 1) {
                throw new DamagedImageException("damaged WEBP: a transform of its pixels is there twice");
            }
            seen |= 1 << transform;
            if (transform == PALETTE) {
                int colors = bits.next(8) + 1;
                highestPixel(bits, colors, 1, deadline);
                across = blocks(across, colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3);
            } else if (transform != SUBTRACT_GREEN) {
                int blockBits = bits.next(3) + 2;
                bytes += 4L * blocks(across, blockBits) * blocks(height, blockBits);
                highestPixel(bits, blocks(across, blockBits), blocks(height, blockBits), deadline);
            }
        }
        return new Transformed(across, bytes);
    }

    private static int greens(int cacheBits) {
        return GREENS + LENGTHS + (cacheBits == 0 ? 0 : 1 << cacheBits);
    }

    private static int blocks(int pixels, int blockBits) {
        return (pixels + (1 << blockBits) - 1) >> blockBits;
    }

    /**
     * Reads a small picture without transforms of its own: the colours of a palette, or what belongs to each block.
     *
     * @return the highest red and green together. Pixels that are only said to repeat others add nothing
     */
    private static int highestPixel(Bits bits, int width, int height, Deadline deadline) {
        int cacheBits = bits.next(1) == 1 ? bits.next(4) : 0;
        Code green = Code.read(bits, greens(cacheBits));
        Code red = Code.read(bits, 256);
        Code blue = Code.read(bits, 256);
        Code alpha = Code.read(bits, 256);
        Code distance = Code.read(bits, DISTANCES);
        int highest = 0;
        long left = (long) width * height;
        for (long done = 0; left > 0 && !bits.isBeyondEnd(); done++) {
            if (done % 4096 == 0) {
                deadline.check();
            }
            int symbol = green.next(bits);
            if (symbol < GREENS) {
                highest = Math.max(highest, red.next(bits) << 8 | symbol);
                blue.next(bits);
                alpha.next(bits);
                left--;
            } else if (symbol < GREENS + LENGTHS) {
                left -= prefixed(bits, symbol - GREENS);
                prefixed(bits, distance.next(bits));
            } else {
                left--;
            }
        }
        return highest;
    }

    /** A length or a distance: the larger, the more bits follow its symbol. */
    private static int prefixed(Bits bits, int symbol) {
        if (symbol < 4) {
            return symbol + 1;
        }
        int more = (symbol - 2) >> 1;
        return ((2 + (symbol & 1)) << more) + bits.next(more) + 1;
    }

    /** The lowest bit of a byte first. Beyond the end all bits are 0, which ends whatever is read. */
    private static final class Bits {
        private final byte[] bytes;
        private long at;

        Bits(byte[] bytes, int start) {
            this.bytes = bytes;
            this.at = 8L * start;
        }

        int next(int count) {
            int value = 0;
            for (int i = 0; i < count; i++, at++) {
                if (at < 8L * bytes.length) {
                    value |= (bytes[(int) (at >> 3)] >> (at & 7) & 1) << i;
                }
            }
            return value;
        }

        /** Whether bits were asked for that are not there. */
        boolean isBeyondEnd() {
            return at > 8L * bytes.length;
        }
    }

    /** A Huffman code. Of a single symbol it takes no bits at all. */
    private static final class Code {
        private static final int LONGEST = 15;
        private static final int[] ORDER_OF_LENGTHS = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        };

        /** How many symbols have codes of each length. */
        private final int[] counts = new int[LONGEST + 1];

        /** In the order of their codes. */
        private final int[] symbols;

        /** A code of one symbol or two. */
        private Code(int[] symbols) {
            this.symbols = symbols;
            counts[1] = symbols.length;
        }

        private Code(int[] lengths, int used) {
            symbols = new int[used];
            int found = 0;
            for (int length = 1; length <= LONGEST; length++) {
                for (int symbol = 0; symbol < lengths.length; symbol++) {
                    if (lengths[symbol] == length) {
                        symbols[found++] = symbol;
                        counts[length]++;
                    }
                }
            }
            requireComplete();
        }

        static Code read(Bits bits, int alphabet) {
            if (bits.next(1) == 1) {
                boolean two = bits.next(1) == 1;
                int first = bits.next(bits.next(1) == 1 ? 8 : 1);
                return new Code(two ? new int[] {first, bits.next(8)} : new int[] {first});
            }
            int[] lengths = new int[ORDER_OF_LENGTHS.length];
            int given = bits.next(4) + 4;
            for (int i = 0; i < given; i++) {
                lengths[ORDER_OF_LENGTHS[i]] = bits.next(3);
            }
            return of(lengthsOf(bits, alphabet, of(lengths)));
        }

        private static Code of(int[] lengths) {
            int used = 0;
            for (int length : lengths) {
                used += length == 0 ? 0 : 1;
            }
            return new Code(lengths, used);
        }

        private static int[] lengthsOf(Bits bits, int alphabet, Code code) {
            int[] lengths = new int[alphabet];
            int left = bits.next(1) == 1 ? 2 + bits.next(2 + 2 * bits.next(3)) : alphabet;
            int last = 8;
            for (int symbol = 0; symbol < alphabet && left > 0; left--) {
                int length = code.next(bits);
                if (length < 16) {
                    lengths[symbol++] = length;
                    last = length == 0 ? last : length;
                    continue;
                }
                int times = length == 16 ? 3 + bits.next(2) : length == 17 ? 3 + bits.next(3) : 11 + bits.next(7);
                for (; times > 0 && symbol < alphabet; times--) {
                    lengths[symbol++] = length == 16 ? last : 0;
                }
            }
            return lengths;
        }

        /** Readers differ in what they make of a code that is not, and so might see transforms that are not seen here. */
        private void requireComplete() {
            int free = 1;
            for (int length = 1; length <= LONGEST && free >= 0; length++) {
                free = 2 * free - counts[length];
            }
            if (free != 0 && symbols.length > 1) {
                throw new DamagedImageException("damaged WEBP: a Huffman code is not complete");
            }
        }

        /** The size of the reader's tables: one for 8 bits, and at most one more for two symbols that take more. */
        long readersBytes() {
            int longer = symbols.length;
            for (int length = 1; length <= 8; length++) {
                longer -= counts[length];
            }
            return 1_100 + 256L * longer;
        }

        int next(Bits bits) {
            if (symbols.length < 2) {
                return symbols.length == 0 ? 0 : symbols[0];
            }
            int code = 0;
            int first = 0;
            int index = 0;
            for (int length = 1; length <= LONGEST; length++) {
                code |= bits.next(1);
                int count = counts[length];
                if (code - first < count) {
                    return symbols[index + code - first];
                }
                index += count;
                first = (first + count) << 1;
                code <<= 1;
            }
            throw new DamagedImageException("damaged WEBP: a Huffman code is not complete");
        }
    }
}
