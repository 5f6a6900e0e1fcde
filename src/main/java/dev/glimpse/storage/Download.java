package dev.glimpse.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** A file in the making beside its target. It takes the target's name when complete, or is removed on close. */
final class Download implements AutoCloseable {
    private final Path target;
    private final Path part;

    Download(Path target) throws IOException {
        this.target = target.toAbsolutePath();
        this.part = this.target.resolveSibling("." + UUID.randomUUID() + ".part");
        Files.createDirectories(part.resolveSibling("."));
    }

    Path part() {
        return part;
    }

    void complete() throws IOException {
        // Else a crash of the machine could leave the name without the bytes.
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.READ)) {
            channel.force(true);
        }
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(part);
    }
}
