package dev.glimpse.bulk.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongSupplier;

/**
 * Watches how much an archive becomes when it is unpacked. Pictures hardly shrink when they are packed; even bitmaps of one colour are
 * rarely a hundredth. An archive that becomes more is a bomb, also one whose entries share their bytes.
 */
final class Expansion {
    static final long MOST_TIMES = 100;

    /** A small archive may have one large flat picture. */
    static final long ALWAYS = 64L << 20;

    private final LongSupplier packed;
    private long unpacked;

    /** @param packed bytes that have been read so far, or all bytes of the archive */
    Expansion(LongSupplier packed) {
        this.packed = packed;
    }

    /** Reads on only while the archive is no bomb; else fails with {@link ArchiveBombException}. */
    InputStream watch(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int read = in.read();
                add(read < 0 ? 0 : 1);
                return read;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int read = in.read(buffer, offset, length);
                add(Math.max(read, 0));
                return read;
            }

            @Override
            public long skip(long n) throws IOException {
                long skipped = in.skip(n);
                add(skipped);
                return skipped;
            }
        };
    }

    boolean isBomb() {
        return unpacked > ALWAYS && unpacked / MOST_TIMES > packed.getAsLong();
    }

    private void add(long bytes) throws ArchiveBombException {
        unpacked += bytes;
        if (isBomb()) {
            throw new ArchiveBombException();
        }
    }
}
