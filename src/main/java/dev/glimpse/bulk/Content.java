package dev.glimpse.bulk;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The bytes of a picture on their way to the server: in memory if they are few, else in a file. */
final class Content implements AutoCloseable {
    private final byte @Nullable [] bytes;
    private final @Nullable Path file;
    private final boolean isTemporary;
    private final long size;

    private Content(byte @Nullable [] bytes, @Nullable Path file, boolean isTemporary, long size) {
        this.bytes = bytes;
        this.file = file;
        this.isTemporary = isTemporary;
        this.size = size;
    }

    /** Keeps the array, which must not change. */
    static Content of(byte[] bytes) {
        return new Content(bytes, null, false, bytes.length);
    }

    /** @param isTemporary whether closing removes the file */
    static Content of(Path file, boolean isTemporary, long size) {
        return new Content(null, file, isTemporary, size);
    }

    long size() {
        return size;
    }

    /** For one request. Fails if the file is no longer there. */
    BodyPublisher publisher() throws IOException {
        if (bytes != null) {
            return BodyPublishers.ofByteArray(bytes);
        }
        return BodyPublishers.ofFile(Objects.requireNonNull(file));
    }

    @Override
    public void close() {
        if (isTemporary && file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // It lies in the temporary folder, which others empty.
            }
        }
    }
}
