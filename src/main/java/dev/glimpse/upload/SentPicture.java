package dev.glimpse.upload;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One picture of a request. Its bytes wait on disk, or in memory if they are few, until the request ends.
 *
 * @param filename as the client has named it; null if it has not
 * @param size in bytes
 * @param content reads the bytes into memory; for any thread
 */
public record SentPicture(@Nullable String filename, long size, Content content) {
    /** The bytes of a picture. */
    public interface Content {
        /**
         * Reads all of them.
         *
         * @throws IOException if they cannot be read, or the request has ended
         */
        byte[] read() throws IOException;
    }
}
