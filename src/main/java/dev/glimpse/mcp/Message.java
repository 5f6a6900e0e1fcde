package dev.glimpse.mcp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A message without its picture. Closing it removes the picture.
 *
 * @param json has an empty text where the picture was
 * @param picture on disk; null if the message has none
 */
record Message(String json, @Nullable Path picture) implements AutoCloseable {
    @Override
    public void close() throws IOException {
        if (picture != null) {
            Files.deleteIfExists(picture);
        }
    }
}
