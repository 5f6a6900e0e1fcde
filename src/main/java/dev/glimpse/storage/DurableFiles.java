package dev.glimpse.storage;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * Writes files so that they are on the disk when a call returns, with their names, and so that no reader sees half a file: the bytes go to
 * a temporary file first, which then gets its name. Safe for use by several threads and processes.
 */
public final class DurableFiles {
    /** Brings a file, or the names in a folder, to the disk. */
    interface Disk {
        void force(Path path) throws IOException;
    }

    /**
     * Folders that this process has made and whose names may not be on the disk yet. Its monitor guards it, and is held while a folder is
     * made. Shared by all instances, as two may have the same folder.
     */
    private static final Set<Path> UNFORCED = new HashSet<>();

    private final Path temporary;
    private final Disk disk;

    /** @param temporary folder for files that have no name yet; on the same file system as the names. It need not exist */
    public DurableFiles(Path temporary) {
        this(temporary, DurableFiles::forceChannel);
    }

    /** @param disk stands in for the real one in tests */
    DurableFiles(Path temporary, Disk disk) {
        this.temporary = temporary;
        this.disk = disk;
    }

    /** Writes the content of a file. */
    public interface Content {
        /**
         * Writes it.
         *
         * @param out not buffered, and not to be closed
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /** Writes a temporary file, for the caller to delete. */
    Path write(byte[] bytes) throws IOException {
        return write(out -> out.write(bytes));
    }

    private Path write(Content content) throws IOException {
        Path file = newTemporary();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            content.writeTo(Channels.newOutputStream(channel));
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
    boolean link(Path written, Path object) throws IOException {
        makeFolder(parent(object));
        boolean named = name(written, object);
        requireKept(object);
        return named;
    }

    private static boolean name(Path written, Path object) throws IOException {
        try {
            Files.createLink(object, written);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    /**
     * Gives the name to the bytes of a file that may be anywhere, unless the name is taken. Linking may fail for good reasons (another file
     * system, a file of another user), so a copy is the second try.
     *
     * @return false if the name is taken
     */
    boolean linkOrCopy(Path file, Path object) throws IOException {
        makeFolder(parent(object));
        boolean named;
        try {
            named = name(file, object);
        } catch (FileSystemException | UnsupportedOperationException e) {
            Path copy = newTemporary();
            try {
                Files.copy(file, copy);
                force(copy);
                named = name(copy, object);
            } catch (IOException | RuntimeException again) {
                again.addSuppressed(e);
                throw again;
            } finally {
                Files.deleteIfExists(copy);
            }
        }
        requireKept(object);
        return named;
    }

    /**
     * Makes sure that a file which has its name already is on the disk with it. The put that made it may not have come so far yet.
     *
     * @throws FileSystemException if a folder has the name
     */
    void requireKept(Path object) throws IOException {
        if (Files.isDirectory(object)) {
            throw new FileSystemException(object.toString(), null, "is a folder");
        }
        force(parent(object));
    }

    /** Gives the name to the bytes, whoever had it. */
    void replace(Path target, byte[] bytes) throws IOException {
        replace(target, out -> out.write(bytes));
    }

    /** Gives the name to this content, whoever had it. */
    public void replace(Path target, Content content) throws IOException {
        makeFolder(parent(target));
        Path written = write(content);
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

    /** Deletes a file. When this returns, it does not come back after a crash of the machine. Does nothing if there is no file. */
    void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
        Path folder = parent(file);
        if (Files.isDirectory(folder)) {
            // Also if there was no file: an earlier delete may have failed between these two steps.
            force(folder);
        }
    }

    private Path newTemporary() throws IOException {
        makeFolder(temporary);
        return temporary.resolve(UUID.randomUUID().toString());
    }

    /** Makes a folder unless it exists, and brings its name to the disk. A thread waits for a folder that another one is making. */
    private void makeFolder(Path folder) throws IOException {
        synchronized (UNFORCED) {
            if (!Files.isDirectory(folder)) {
                makeFolder(parent(folder));
                try {
                    Files.createDirectory(folder);
                } catch (FileAlreadyExistsException e) {
                    if (!Files.isDirectory(folder)) {
                        throw new FileSystemException(folder.toString(), null, "is not a folder");
                    }
                }
                UNFORCED.add(folder);
            }
            if (UNFORCED.contains(folder)) {
                force(parent(folder));
                UNFORCED.remove(folder);
            }
        }
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException("has no parent: " + path);
        }
        return parent;
    }

    /** Brings a file, or the names in a folder, to the disk. */
    void force(Path path) throws IOException {
        disk.force(path);
    }

    private static void forceChannel(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
