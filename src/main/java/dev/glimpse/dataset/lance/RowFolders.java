package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.vectors.DiskSpace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/** Gives served rows a folder of their own, and finds those that an earlier process has left. For one thread. */
final class RowFolders {
    private static final Logger log = LoggerFactory.getLogger(RowFolders.class);

    /** Of the whole process: rows that are just being closed may still write to their folder when the table is opened anew. */
    private static final AtomicInteger GENERATIONS = new AtomicInteger();

    private final Path parent;
    private final Replica replica;
    private final Supplier<DiskSpace> space;
    private final LongSupplier clock;

    /**
     * @param parent of the folders
     * @param space of the disk that they are on
     * @param clock in nanoseconds
     */
    RowFolders(Path parent, Replica replica, Supplier<DiskSpace> space, LongSupplier clock) {
        this.parent = parent.toAbsolutePath().normalize();
        this.replica = replica;
        this.space = space;
        this.clock = clock;
    }

    private static Checkpoint.Owner owner(Manifest manifest) {
        return owner(manifest, manifest.served());
    }

    private static Checkpoint.Owner owner(Manifest manifest, VectorColumn column) {
        return new Checkpoint.Owner(
                TableStamp.of(manifest.metadata()).map(TableStamp::id).orElse(""), column);
    }

    /**
     * Empty rows.
     *
     * @param stuck how often rows have filled the disk
     */
    ServedRows empty(Checkpoint.Owner owner, int stuck) throws IOException {
        Path folder;
        do {
            folder = parent.resolve(Integer.toString(GENERATIONS.incrementAndGet()));
        } while (Files.exists(folder));
        return new ServedRows(folder, owner, new CheckpointPace(clock), disk(owner, stuck));
    }

    private RowsOnDisk disk(Checkpoint.Owner owner, int stuck) {
        return new RowsOnDisk(owner.column().model().dimension(), space, 1 + stuck);
    }

    /** Removes the files that an earlier process has left beside the folders of rows. To be called before this process has any there. */
    void removeFiles() throws IOException {
        for (Path file : inParent(Files::isRegularFile)) {
            Files.deleteIfExists(file);
        }
    }

    /**
     * The rows that an earlier process has left, if they are of this table and column; else empty ones. Of several such the ones of the newest version.
     * All other folders of rows are removed, but for those that are in use, and those that are of the table's own model as long as this server does not
     * know it.
     *
     * @param newest the newest version that is known
     * @param stuck how often rows have filled the disk
     */
    ServedRows open(Manifest newest, int stuck) throws IOException {
        boolean served = replica.files().isCopied();
        @Nullable ServedRows found = null;
        for (Path folder : inParent(Files::isDirectory)) {
            if (ServedRows.isOpen(folder) || (served && isForLater(folder, newest))) {
                continue;
            }
            try {
                if (served && found == null && Checkpoint.isIn(folder)) {
                    found = takeOver(folder, newest);
                    continue;
                }
                FileSystemUtils.deleteRecursively(folder);
            } catch (StoreUnavailableException e) {
                log.info("rows of an earlier run stay for the next start: {}", e.toString());
            }
        }
        return found == null ? empty(owner(newest), stuck) : found;
    }

    /** Whether they are of the model that the table has come to use, and that this server has, but does not know of yet. */
    private static boolean isForLater(Path folder, Manifest newest) {
        return newest.models()
                .map(TableModels::active)
                .filter(active -> !active.equals(newest.served()))
                .map(active -> Checkpoint.isOf(folder, owner(newest, active)))
                .orElse(false);
    }

    private List<Path> inParent(Predicate<Path> kind) throws IOException {
        if (!Files.exists(parent)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(kind)
                    .sorted(Comparator.comparingLong(RowFolders::version)
                            .reversed()
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        }
    }

    /** The newest version that the rows in a folder may be of; -1 if it does not say so. */
    private static long version(Path folder) {
        try {
            return VersionMark.read(folder).version();
        } catch (IOException e) {
            return -1;
        }
    }

    /** Removes from a folder of rows what no checkpoint names: what a process leaves that is killed. */
    static Path removeAllBut(Path folder, Set<Path> named) throws IOException {
        Set<Path> stay = new HashSet<>(named);
        stay.add(folder.resolve(Checkpoint.NAME));
        stay.add(folder.resolve(VersionMark.NAME));
        try (Stream<Path> there = Files.list(folder)) {
            for (Path path : there.toList()) {
                if (!stay.contains(path)) {
                    FileSystemUtils.deleteRecursively(path);
                }
            }
        }
        return folder;
    }

    /** Makes the next start read all rows, whatever becomes of this process, unless they are kept again. Any thread may call it. */
    static void forget(ServedRows rows) {
        try {
            Files.deleteIfExists(rows.folder().resolve(Checkpoint.NAME));
        } catch (IOException e) {
            log.warn("a restart may take over rows that are not wanted any more: {}", e.toString());
        }
    }

    /**
     * Removes the names of the files of rows that are about to be closed. What has no name when it is closed is known to fill the disk until
     * nobody uses it.
     */
    static void removeNames(Path folder) throws IOException {
        if (Files.exists(folder)) {
            Files.deleteIfExists(folder.resolve(Checkpoint.NAME));
            try (Stream<Path> paths = Files.list(folder)) {
                for (Path path : paths.filter(Files::isRegularFile).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    /**
     * The rows in this folder. Null if they cannot be used; then the folder is removed.
     *
     * @throws StoreUnavailableException if the store does not say whether they are of this table
     */
    private @Nullable ServedRows takeOver(Path folder, Manifest newest) throws IOException {
        try {
            VersionMark.Marked marked = VersionMark.read(folder);
            if (marked.version() > newest.version()) {
                throw new IOException(
                        "they are of version " + marked.version() + ", and the newest one is " + newest.version());
            }
            if (!digestOf(marked.version()).equals(Optional.of(marked.digest()))) {
                throw new IOException(
                        "version " + marked.version() + " of the table is another one by now, or is not kept any more");
            }
            Checkpoint.Owner owner = owner(newest);
            return ServedRows.takeOver(folder, owner, new CheckpointPace(clock), disk(owner, 0));
        } catch (StoreUnavailableException e) {
            throw e;
        } catch (IOException | RuntimeException | InternalError | OutOfMemoryError e) {
            // The errors are those of a mapped file that cannot be read, and of rows that need more heap than there is
            // by now.
            log.info("rows of an earlier run cannot be taken over, and are removed: {}", e.toString());
            FileSystemUtils.deleteRecursively(folder);
            // What was mapped of them takes room on the disk until it is collected, and nobody has counted it.
            System.gc();
            return null;
        }
    }

    private Optional<String> digestOf(long version) {
        try {
            return replica.digestOf(version);
        } catch (IOException e) {
            throw new StoreUnavailableException("version " + version + " of the table cannot be read", e);
        }
    }
}
