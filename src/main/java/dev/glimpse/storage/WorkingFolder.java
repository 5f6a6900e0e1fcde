package dev.glimpse.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * {@code .glimpse} in the data folder: what this machine keeps for itself, whether the objects are in the folder or in a
 * bucket. One process at a time has it, by a lock that the operating system takes back when the process dies. Within the
 * process it may be opened more than once; the last to close gives it up.
 */
public final class WorkingFolder implements AutoCloseable {
    static final String NAME = ".glimpse";

    private static final Map<Path, Held> HELD = new HashMap<>();

    private final Path path;
    private boolean closed;

    private WorkingFolder(Path path) {
        this.path = path;
    }

    /**
     * Takes the working folder of this data folder, creating both if need be. What a run before has left in
     * {@link #temporary} is removed, unless this process has the folder already.
     *
     * @throws FolderInUseException if another process has it
     * @throws DataFolderException if the folder cannot be written
     */
    public static WorkingFolder open(Path data) {
        synchronized (HELD) {
            try {
                Files.createDirectories(data.resolve(NAME).resolve("tmp"));
                Path path = data.toRealPath().resolve(NAME);
                Held held = HELD.get(path);
                if (held == null) {
                    held = Held.take(path);
                    HELD.put(path, held);
                }
                held.users++;
                return new WorkingFolder(path);
            } catch (IOException e) {
                throw unusable(data, e);
            }
        }
    }

    private static DataFolderException unusable(Path data, IOException e) {
        String folder = "The data folder " + data.toAbsolutePath().normalize();
        return DiskProblem.of(e)
                .map(disk -> new DataFolderException(folder + " " + disk.what() + " (" + e + ").", disk.cure(), e))
                .orElseGet(() -> new DataFolderException(
                        folder + " cannot be used: " + e, "Set GLIMPSE_DATA to a folder that can be written.", e));
    }

    /** Where puts into this folder are written before they get their names. */
    static Path temporaryPuts(Path data) {
        return data.resolve(NAME).resolve("tmp-put");
    }

    public Path path() {
        return path;
    }

    /**
     * Notes down this server's name, and gives the name of the one that worked here before, which has ended: it has lost
     * its lock. Empty if there was none.
     */
    public String succeed(String server) {
        Path file = path.resolve("server");
        try {
            String before = Files.exists(file) ? Files.readString(file) : "";
            Files.writeString(file, server);
            return before;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** The folder for files that need not outlive the process. It is empty when the process starts. */
    public Path temporary() {
        return path.resolve("tmp");
    }

    @Override
    public void close() {
        synchronized (HELD) {
            if (closed) {
                return;
            }
            closed = true;
            Held held = HELD.get(path);
            if (held != null && --held.users == 0) {
                HELD.remove(path);
                held.release();
            }
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /** The lock, and how many in this process rely on it. */
    private static final class Held {
        private final FileChannel channel;
        private int users;

        private Held(FileChannel channel) {
            this.channel = channel;
        }

        static Held take(Path path) throws IOException {
            FileChannel channel =
                    FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = tryLock(channel);
                if (lock == null) {
                    throw new FolderInUseException(
                            "Another Glimpse is running on " + path.getParent() + ".",
                            "Stop it, or give this one a data folder of its own (GLIMPSE_DATA).");
                }
                for (String temporary : new String[] {"tmp", "tmp-put"}) {
                    FileSystemUtils.deleteRecursively(path.resolve(temporary));
                    Files.createDirectory(path.resolve(temporary));
                }
                return new Held(channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }

        /** Closing the channel ends the lock. The file stays: to remove it would let two processes lock two files. */
        void release() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot give up the lock of the working folder", e);
            }
        }

        private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
            try {
                return channel.tryLock();
            } catch (OverlappingFileLockException e) {
                // This class, loaded a second time in this process.
                return null;
            }
        }
    }
}
