package dev.glimpse.image;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * The bytes of a picture, for a reader of ImageIO. Each read may end the reader: with an {@link ImageTooSlowException} when the time of the
 * deadline is over, or with a {@link DamagedImageException} when the reader asks for bytes beyond the end again and again. For one thread.
 */
final class WatchedInput extends ImageInputStreamImpl {
    /** Bytes that are read between two looks at the clock. */
    private static final int BYTES_PER_LOOK = 4096;

    /** The time that a read takes besides its bytes, in bytes: reading 16 bytes takes about as long. */
    private static final int COST_OF_A_READ = 16;

    /** Reads beyond the end until the picture is damaged. Some readers take what is missing for zeros, and would do so for every pixel. */
    private static final int READS_BEYOND_THE_END = 1_000;

    private final Deadline deadline;
    private byte[] bytes;
    private int sinceLook;
    private int beyondTheEnd;
    private boolean endless;

    WatchedInput(byte[] bytes, Deadline deadline) {
        this.bytes = bytes;
        this.deadline = deadline;
    }

    @Override
    public int read() throws IOException {
        checkClosed();
        look(1);
        bitOffset = 0;
        return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xFF : end();
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
        checkClosed();
        look(count);
        bitOffset = 0;
        if (streamPos >= bytes.length) {
            return count == 0 ? 0 : end();
        }
        int read = (int) Math.min(count, bytes.length - streamPos);
        System.arraycopy(bytes, (int) streamPos, target, offset, read);
        streamPos += read;
        return read;
    }

    /**
     * Claims to have no end, from now on. Readers compare the size of a picture with the length of its file, and would refuse what is of one
     * colour. Until then they need the true length, to judge what tags claim.
     */
    void becomeEndless() {
        endless = true;
    }

    @Override
    public long length() {
        return endless ? Long.MAX_VALUE : bytes.length;
    }

    @Override
    public boolean isCached() {
        return true;
    }

    @Override
    public boolean isCachedMemory() {
        return true;
    }

    /** The JDK's finalizers keep this object for a while; not the picture with it. */
    @Override
    public void close() throws IOException {
        super.close();
        bytes = new byte[0];
    }

    private int end() {
        if (++beyondTheEnd > READS_BEYOND_THE_END) {
            throw new DamagedImageException("damaged: cut off");
        }
        return -1;
    }

    private void look(int count) {
        sinceLook += Math.max(count, COST_OF_A_READ);
        if (sinceLook >= BYTES_PER_LOOK) {
            sinceLook = 0;
            deadline.check();
        }
    }
}
