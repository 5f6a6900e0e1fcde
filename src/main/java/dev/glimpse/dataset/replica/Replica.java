package dev.glimpse.dataset.replica;

import dev.glimpse.dataset.replica.ManifestLog.Standing;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreRefusedException;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * The local copy of the table's files, with the manifest of the newest version. A table in a folder is used in place. Decides, when the
 * table is opened, whether a copy on the local disk is one of this table. One thread opens it; its parts say what other threads may do.
 */
public final class Replica {
    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    private final TableLocation table;
    private final Path origin;
    private final ManifestLog manifests;
    private final LocalTableFiles files;
    private final VersionPublisher publisher;

    /**
     * @param prefix key of the table in the store, ending in {@code /}
     * @param copies where copies of tables in buckets are kept
     * @param staging folder for new versions, on the same file system as the table; emptied here
     * @param largestCopy bytes of the largest table that is copied
     * @param transfers runs puts and gets side by side
     */
    public Replica(
            ObjectStore store,
            String prefix,
            Path copies,
            Path staging,
            long largestCopy,
            TableTimings timing,
            ManifestReader reader,
            Executor transfers) {
        this.table = TableLocation.of(store, prefix, copies);
        this.origin = copies.resolve("origin");
        this.manifests = new ManifestLog(table, timing);
        Transfers parallel = new Transfers(transfers);
        try {
            StagingArea area = new StagingArea(staging);
            this.files = new LocalTableFiles(table, manifests, reader, area, parallel, largestCopy, timing);
            this.publisher = new VersionPublisher(table, manifests, reader, files, area, parallel, timing);
            files.deleteParts();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot empty " + staging, e);
        }
    }

    /** The local folder of the table. */
    public Path folder() {
        return table.folder();
    }

    /** The newest version that is known; 0 if there is no table. */
    public long version() {
        return manifests.version();
    }

    /**
     * What tells this version from a version of the same number that another table has, or another history of this one. Empty if the version is
     * not kept any more.
     */
    public Optional<String> digestOf(long version) throws IOException {
        return manifests.digestOf(ManifestName.of(version));
    }

    /** Tells which version is the newest. */
    public ManifestLog manifests() {
        return manifests;
    }

    /** Knows, fetches and removes the files on the local disk. */
    public LocalTableFiles files() {
        return files;
    }

    /** Brings new versions into the store. */
    public VersionPublisher publisher() {
        return publisher;
    }

    /**
     * Finds the newest version. Throws the local copy away unless it is one of this table. If the store does not answer, begins with a
     * complete local copy.
     *
     * @throws StoreUnavailableException if the store does not answer, and there is no complete copy
     */
    public void open() throws IOException {
        if (table.inPlace()) {
            Optional<String> newest = ManifestName.newest(manifests.list());
            if (newest.isPresent()) {
                manifests.moveTo(newest.get());
            }
            return;
        }
        requireOrigin();
        Optional<String> copied = newestCopied();
        try {
            List<String> names = manifests.list();
            Optional<String> newest = ManifestName.newest(names);
            if (copied.isPresent()) {
                Optional<String> otherwise = whyNotACopy(copied.get(), names, newest.orElse(""));
                if (otherwise.isPresent()) {
                    throwAway(otherwise.get());
                }
            }
            if (newest.isPresent()) {
                manifests.moveTo(newest.get());
                deleteOlderManifests();
            }
        } catch (StoreRefusedException e) {
            // A refusal does not pass by itself, so the operator has to hear of it now.
            throw e;
        } catch (StoreUnavailableException e) {
            if (copied.isEmpty() || !files.isComplete(copied.get())) {
                throw e;
            }
            log.warn("begins with the local copy of the table: {}", e.getMessage());
            manifests.beginWithCopy(copied.get());
        }
    }

    private Optional<String> newestCopied() throws IOException {
        return ManifestName.newest(table.localFiles(TableLocation.VERSIONS).stream()
                .map(name -> name.substring(TableLocation.VERSIONS.length()))
                .toList());
    }

    /** Why the local copy is not one of the store's table; empty if it is. */
    private Optional<String> whyNotACopy(String copied, List<String> names, String newest) throws IOException {
        long version = ManifestName.version(copied).orElse(0L);
        long stored = ManifestName.version(newest).orElse(0L);
        if (stored < version) {
            return Optional.of("it is of version " + version + ", and the store's newest version is " + stored);
        }
        return names.contains(copied) && manifests.standingOf(copied) == Standing.OTHER
                ? Optional.of("its version " + version + " is another one than the store's")
                : Optional.empty();
    }

    /** Throws the local copy away unless the file beside it names this store and table. Writes that file. */
    private void requireOrigin() throws IOException {
        String ours = table.store()
                .identity(table.prefix().substring(0, table.prefix().length() - 1));
        if (Files.exists(table.folder())) {
            String known = Files.exists(origin) ? Files.readString(origin).strip() : "";
            if (known.equals(ours)) {
                return;
            }
            throwAway("it is of " + (known.isEmpty() ? "an unknown table" : known) + ", and this server has " + ours);
        }
        Files.createDirectories(origin.resolveSibling("."));
        Files.writeString(origin, ours);
    }

    private void throwAway(String reason) throws IOException {
        log.warn("the local copy of the table is thrown away: {}", reason);
        FileSystemUtils.deleteRecursively(table.folder());
    }

    /** Older manifests go because nobody has compared them with the store's. */
    private void deleteOlderManifests() throws IOException {
        for (String name : table.localFiles(TableLocation.VERSIONS)) {
            if (!name.endsWith("/" + manifests.name())) {
                Files.delete(table.path(name));
            }
        }
    }
}
