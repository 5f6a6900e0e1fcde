package dev.glimpse.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes files so that they are on the disk when a call returns, with their names, and so that no reader sees half a file: the bytes go to
 * a temporary file first, which then gets its name. Safe for use by several threads and processes.
 */
final class DurableFiles {
    private final Path temporary;

    /** @param temporary folder for files that have no name yet; on the same file system as the names. It need not exist */
    DurableFiles(Path temporary) {
        this.temporary = temporary;
    }

    /** Writes a temporary file, for the caller to delete. */
    Path write(byte[] bytes) throws IOException {
        Path file = newTemporary();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
        return file;
    }

    /**
     * Gives the name to a file as well, unless the name is taken. The bytes of the file must be on the disk already.
     *
     * @return false if the name is taken
     */
    static boolean link(Path written, Path object) throws IOException {
        makeFolder(parent(object));
        try {
            Files.createLink(object, written);
        } catch (FileAlreadyExistsException e) {
            requireKept(object);
            return false;
        }
        force(parent(object));
        return true;
    }

    /**
     * Gives the name to the bytes of a file that may be anywhere, unless the name is taken. Linking may fail for good reasons (another file
     * system, a file of another user), so a copy is the second try.
     *
     * @return false if the name is taken
     */
    boolean linkOrCopy(Path file, Path object) throws IOException {
        try {
            return link(file, object);
        } catch (FileSystemException | UnsupportedOperationException e) {
            Path copy = newTemporary();
            try {
                Files.copy(file, copy);
                force(copy);
                return link(copy, object);
            } catch (IOException | RuntimeException again) {
                again.addSuppressed(e);
                throw again;
            } finally {
                Files.deleteIfExists(copy);
            }
        }
    }

    /**
     * Makes sure that a file which has its name already is on the disk with it. The put that made it may not have come so far yet.
     *
     * @throws FileSystemException if a folder has the name
     */
    static void requireKept(Path object) throws IOException {
        if (Files.isDirectory(object)) {
            throw new FileSystemException(object.toString(), null, "is a folder");
        }
        force(parent(object));
    }

    /** Gives the name to the bytes, whoever had it. */
    void replace(Path target, byte[] bytes) throws IOException {
        makeFolder(parent(target));
        Path written = write(bytes);
        try {
            Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(written);
        }
        force(parent(target));
    }

    /** Gives the name to a copy of a file, whoever had it. */
    void replaceByCopy(Path target, Path source) throws IOException {
        Path copy = newTemporary();
        try {
            Files.copy(source, copy);
            force(copy);
            makeFolder(parent(target));
            Files.move(copy, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(copy);
        }
        force(parent(target));
    }

    /** Deletes a file for good; there may be none. */
    static void delete(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            force(parent(file));
        }
    }

    private Path newTemporary() throws IOException {
        makeFolder(temporary);
        return temporary.resolve(UUID.randomUUID().toString());
    }

    /** A new folder is on disk only when its parent is. */
    private static void makeFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        makeFolder(parent(folder));
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw new FileSystemException(folder.toString(), null, "is not a folder");
            }
        }
        force(parent(folder));
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException("has no parent: " + path);
        }
        return parent;
    }

    /** Brings a file, or the names in a folder, to the disk. */
    static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
