package dev.glimpse.web;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.SocketBufferHandler;

/** A connection that fails when the client reads an answer too slowly. For the thread that writes the answer. */
final class PacedChannel extends NioChannel {
    private final long bytesPerSecond;
    private final long graceNanos;
    private boolean begun;
    private long start;
    private long bytes;

    /**
     * @param bytesPerSecond that the client has to take, on the average since the first byte of an answer
     * @param graceNanos at the beginning of an answer, in which any rate will do
     */
    PacedChannel(SocketBufferHandler buffer, long bytesPerSecond, long graceNanos) {
        super(buffer);
        this.bytesPerSecond = bytesPerSecond;
        this.graceNanos = graceNanos;
    }

    /** Says that what is written from now on belongs to another answer. */
    void beginAnswer() {
        begun = false;
        bytes = 0;
    }

    /**
     * Writes what the client takes at once. Tomcat calls it again each time that the client has taken something, if only a byte.
     *
     * @throws SocketTimeoutException if the client has taken too little of this answer
     */
    @Override
    public int write(ByteBuffer from) throws IOException {
        long now = System.nanoTime();
        if (!begun) {
            begun = true;
            start = now;
        }
        long nanos = now - start;
        if (nanos > graceNanos && bytes < bytesPerSecond * (nanos / 1e9)) {
            throw new SocketTimeoutException("the answer is read at less than " + bytesPerSecond + " bytes a second");
        }
        int written = super.write(from);
        bytes += written;
        return written;
    }
}
