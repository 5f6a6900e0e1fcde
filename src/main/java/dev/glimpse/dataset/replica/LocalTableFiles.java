package dev.glimpse.dataset.replica;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The files of the table on the local disk. Knows which files a version has, fetches those that are missing, and removes those that no
 * version needs any more. Any thread may call this, but only one at a time {@link #prune}.
 */
public final class LocalTableFiles {
    /** The name of a file that is being written ends so. */
    static final String PART = ".part";

    private final TableLocation table;
    private final ObjectStore store;
    private final ManifestLog manifests;
    private final ManifestReader reader;
    private final StagingArea staging;
    private final Transfers transfers;
    private final long largestCopy;
    private final TableTimings timing;

    /** Files of each part of an index. They never change. */
    private final Map<UUID, List<String>> indexFiles = new ConcurrentHashMap<>();

    /** Files that no version needs, with the time since they were first seen so. */
    private final Map<String, Elapsed> obsolete = new HashMap<>();

    /** @param largestCopy bytes of the largest table that is copied to the local disk */
    LocalTableFiles(
            TableLocation table,
            ManifestLog manifests,
            ManifestReader reader,
            StagingArea staging,
            Transfers transfers,
            long largestCopy,
            TableTimings timing) {
        this.table = table;
        this.store = table.store();
        this.manifests = manifests;
        this.reader = reader;
        this.staging = staging;
        this.transfers = transfers;
        this.largestCopy = largestCopy;
        this.timing = timing;
    }

    // ---- which files a version has

    /**
     * The files of a version except its manifest, with their bytes; 0 where the manifest does not tell.
     *
     * @param manifest file name of its manifest, which must be on the local disk
     * @throws DamagedTableException if the manifest cannot be read
     */
    public Map<String, Long> files(String manifest) throws IOException {
        try (StagedVersion staged = staging.stage(table, manifest)) {
            return files(staged);
        } catch (DamagedTableException e) {
            throw damagedManifest(manifest, e);
        }
    }

    /** The files of a version except its manifest, with their bytes. Reads the manifest from the store if it is not on the local disk. */
    public Map<String, Long> filesOf(long version) throws IOException {
        String manifest = ManifestName.of(version);
        String name = TableLocation.VERSIONS + manifest;
        try {
            return files(manifest);
        } catch (NoSuchFileException e) {
            // It was never here, or has just been removed here.
        }
        try (StagedVersion staged = staging.stage()) {
            if (!store.download(table.key(name), staged.folder().resolve(name))) {
                throw new IOException("version " + version + " is not there any more");
            }
            return files(staged);
        }
    }

    private Map<String, Long> files(StagedVersion staged) {
        ManifestReader.Contents contents = reader.contents(staged);
        Map<String, Long> files = new TreeMap<>(contents.files());
        for (UUID index : contents.indices()) {
            indexFiles.computeIfAbsent(index, this::listIndex).forEach(name -> files.put(name, 0L));
        }
        return files;
    }

    private List<String> listIndex(UUID index) {
        return store.list(table.key(TableLocation.INDICES + index + "/")).stream()
                .map(key -> key.substring(table.prefix().length()))
                .toList();
    }

    /** Says that this manifest cannot be read. */
    public DamagedTableException damagedManifest(String manifest, DamagedTableException cause) {
        return new DamagedTableException(
                "its manifest " + table.address(TableLocation.VERSIONS + manifest) + " is damaged ("
                        + DamagedTableException.sentence(cause) + ")",
                cause);
    }

    // ---- which of them are here

    /** Whether the files of the newest version belong on the local disk: they do unless they are too large. */
    public boolean isCopied() throws IOException {
        return isCopiedWith(0);
    }

    /** Whether the files of the newest version would belong on the local disk if they had so many bytes more. */
    public boolean isCopiedWith(long moreBytes) throws IOException {
        return table.inPlace()
                || files(manifests.name()).values().stream()
                                        .mapToLong(Long::longValue)
                                        .sum()
                                + moreBytes
                        <= largestCopy;
    }

    /** Whether all files of the newest version are here. */
    public boolean isComplete() throws IOException {
        return fillUpTo(0);
    }

    /** Whether all files of the version with this manifest are here. */
    public boolean isComplete(String manifest) throws IOException {
        return missing(files(manifest)).isEmpty();
    }

    private List<String> missing(Map<String, Long> files) throws IOException {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, Long> file : files.entrySet()) {
            Path local = table.path(file.getKey());
            if (!Files.exists(local) || (file.getValue() > 0 && Files.size(local) != file.getValue())) {
                missing.add(file.getKey());
            }
        }
        return missing;
    }

    // ---- fetching

    /**
     * Fetches the files of the newest version that are missing, if they have fewer bytes than this in all.
     *
     * @return whether all files are here now
     * @throws DamagedTableException if the store lacks a file, or has it with another size than the manifest says
     */
    public boolean fillUpTo(long bytes) throws IOException {
        Map<String, Long> files = files(manifests.name());
        List<String> missing = missing(files);
        if (table.inPlace()) {
            requireNone(missing, files);
        } else if (!missing.isEmpty() && missing.stream().mapToLong(files::get).sum() < bytes) {
            fetch(missing, files);
            missing = List.of();
        }
        return missing.isEmpty();
    }

    /**
     * Fetches the files of the newest version that are missing. The table may go on to newer versions meanwhile.
     *
     * @return the version whose files are all here now
     * @throws DamagedTableException if the store lacks a file, or has it with another size than the manifest says
     */
    public long fill() throws IOException {
        String manifest = manifests.name();
        Map<String, Long> files = files(manifest);
        List<String> missing = missing(files);
        if (table.inPlace()) {
            requireNone(missing, files);
        } else {
            fetch(missing, files);
        }
        return ManifestName.version(manifest).orElse(0L);
    }

    /**
     * Fetches these files unless they are here. Their sizes are not checked.
     *
     * @throws DamagedTableException if the store lacks one
     */
    void fetchIfAbsent(List<String> names) throws IOException {
        for (String name : names) {
            if (!Files.exists(table.path(name))) {
                download(name, 0);
            }
        }
    }

    private void requireNone(List<String> missing, Map<String, Long> files) throws IOException {
        for (String name : missing) {
            requireSize(name, files.getOrDefault(name, 0L));
        }
    }

    private void fetch(List<String> missing, Map<String, Long> files) throws IOException {
        transfers.forEach(missing, name -> download(name, files.getOrDefault(name, 0L)));
    }

    /** @param bytes that the file must have; 0 if it is not known */
    private void download(String name, long bytes) throws IOException {
        if (!store.download(table.key(name), table.path(name))) {
            throw missingFile(name);
        }
        requireSize(name, bytes);
    }

    private void requireSize(String name, long bytes) throws IOException {
        Path file = table.path(name);
        if (!Files.exists(file)) {
            throw missingFile(name);
        }
        if (bytes > 0 && Files.size(file) != bytes) {
            throw wrongSize(name, Files.size(file), bytes);
        }
    }

    private DamagedTableException missingFile(String name) {
        return new DamagedTableException(table.address(name) + " is missing");
    }

    private DamagedTableException wrongSize(String name, long found, long expected) {
        return new DamagedTableException(table.address(name) + " has " + found + " bytes instead of " + expected);
    }

    /**
     * Compares the files of the newest version with those of the store. One listing.
     *
     * @throws DamagedTableException if one is missing in the store, or has another size than the manifest says
     */
    public void requireStored() throws IOException {
        Map<String, Long> stored = new HashMap<>();
        store.list(
                table.prefix(),
                object -> stored.put(object.key().substring(table.prefix().length()), object.bytes()));
        files(manifests.name()).forEach((name, bytes) -> {
            Long found = stored.get(name);
            if (found == null) {
                throw missingFile(name);
            }
            if (bytes > 0 && !found.equals(bytes)) {
                throw wrongSize(name, found, bytes);
            }
        });
    }

    // ---- pruning

    /**
     * Removes files from a local copy that no version needs any more that is read here, some time after they were needed last. A table
     * in a folder is left as it is.
     *
     * @param read versions that are read, besides the newest
     */
    public void prune(Set<Long> read) throws IOException {
        if (table.inPlace()) {
            return;
        }
        Set<String> manifestNames = new HashSet<>(Set.of(manifests.name()));
        read.forEach(version -> manifestNames.add(ManifestName.of(version)));
        Set<String> needed = new HashSet<>();
        for (String manifest : manifestNames) {
            String name = TableLocation.VERSIONS + manifest;
            if (Files.exists(table.path(name))) {
                needed.add(name);
                if (isCopied()) {
                    needed.addAll(files(manifest).keySet());
                }
            }
        }
        obsolete.keySet().removeAll(needed);
        for (String name : table.localFiles("")) {
            if (needed.contains(name) || name.endsWith(PART)) {
                continue;
            }
            if (obsolete.computeIfAbsent(name, first -> Elapsed.started()).isOver(timing.prune())) {
                Files.deleteIfExists(table.path(name));
                obsolete.remove(name);
            }
        }
    }

    /** Removes what an earlier process has left half written in a local copy. */
    void deleteParts() throws IOException {
        if (table.inPlace()) {
            return;
        }
        for (String name : table.localFiles("")) {
            if (name.endsWith(PART)) {
                Files.delete(table.path(name));
            }
        }
    }
}
