package dev.glimpse.bulk.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what is read, for other threads too, and can forbid that more is read than a header of an archive may have. */
final class CountedInput extends FilterInputStream {
    private final AtomicLong count = new AtomicLong();
    private long allowed = Long.MAX_VALUE;

    CountedInput(InputStream in) {
        super(in);
    }

    long count() {
        return count.get();
    }

    /** From now on, a read that comes to more bytes than this fails. */
    void allow(long bytes) {
        allowed = bytes;
    }

    private long counted(long read) throws IOException {
        if (read > 0) {
            count.addAndGet(read);
            if (allowed != Long.MAX_VALUE) {
                allowed -= read;
                if (allowed < 0) {
                    throw new IOException("the header of an entry is too long");
                }
            }
        }
        return read;
    }

    @Override
    public int read() throws IOException {
        int read = in.read();
        long unused = counted(read < 0 ? 0 : 1);
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        return (int) counted(in.read(buffer, offset, length));
    }

    @Override
    public long skip(long n) throws IOException {
        return counted(in.skip(n));
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    void closeQuietly() {
        try {
            in.close();
        } catch (IOException e) {
            // It was only read.
        }
    }
}
