package dev.glimpse.bulk.source;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Takes what a {@link Source} finds, one file after another, from one thread. Each file is counted by exactly one call. Calls block
 * while enough is in hand, so a source may be endless.
 */
public interface Sink {
    /** A file on this machine. It is read later, by another thread. */
    void file(String name, Path file) throws InterruptedException;

    /** A picture on another machine. It is fetched later, by another thread. */
    void url(String name, URI url) throws InterruptedException;

    /**
     * A file inside an archive. It is read before this returns, or only its first bytes if it is no picture. What is wrong with it is
     * reported, and does not end the reading of the archive.
     *
     * @param size in bytes; -1 if it is not known
     * @param beside reads what lies beside it, for captions
     */
    void entry(String name, InputStream bytes, long size, Beside beside) throws InterruptedException;

    /** What is no picture, or is not to be looked at. */
    void leftOut(String name, String reason);

    /** What is not taken because it may do harm. */
    void refused(String name, String reason);

    /** What cannot be read. */
    void failed(String name, String reason);

    /** True when nothing more is wanted. */
    boolean isStopping();

    /** Reads files that lie beside a picture. */
    interface Beside {
        Beside NOTHING = name -> null;

        /**
         * Up to 64 kB of a file.
         *
         * @param name as the picture's, with the same folders
         * @return null if there is no such file, or a larger one
         */
        byte @Nullable [] read(String name) throws IOException;

        /** The most bytes of such a file. */
        int MOST = 64 << 10;
    }
}
