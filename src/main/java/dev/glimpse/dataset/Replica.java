package dev.glimpse.dataset;

import dev.glimpse.dataset.ManifestLog.Standing;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreRefusedException;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.fragment.DataFile;
import org.lance.fragment.DeletionFile;
import org.lance.fragment.DeletionFileType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * The local copy of the table's files, and the only way of a new version into the store. The newest version's manifest is
 * always here; {@link #fill} fetches the files that it speaks of. A table in a folder is used in place.
 *
 * <p>One thread at a time may move on to other versions; the others may fill and read.
 *
 * <p>Why Lance never writes to the bucket: its own commit rebases silently over foreign commits and, when the answer of
 * the store is lost, commits twice. Here a commit is a conditional put of the next manifest: it is won or lost.
 */
final class Replica {
    static final String TRANSACTIONS = "_transactions/";
    static final String DATA = "data/";
    static final String DELETIONS = "_deletions/";
    static final String INDICES = "_indices/";

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    private final ObjectStore store;
    private final String prefix;
    private final Path folder;
    private final boolean inPlace;
    private final Path origin;
    private final Path stagingRoot;
    private final long largestCopy;
    private final TableTimings timing;
    private final BufferAllocator allocator;
    private final Executor transfers;
    private final AtomicInteger stagings = new AtomicInteger();

    /** What is below {@code _indices/} of an index never changes. */
    private final Map<UUID, List<String>> indexFiles = new ConcurrentHashMap<>();

    private final Map<String, Elapsed> obsolete = new HashMap<>();
    private final ManifestLog manifests;

    /**
     * @param prefix key of the table in the store, ending in {@code /}
     * @param copies where copies of tables in buckets are kept
     * @param stagingRoot on the same file system as the table; emptied here
     * @param largestCopy bytes of the largest table that is copied
     * @param transfers runs puts and gets side by side
     */
    Replica(
            ObjectStore store,
            String prefix,
            Path copies,
            Path stagingRoot,
            long largestCopy,
            TableTimings timing,
            BufferAllocator allocator,
            Executor transfers) {
        this.store = store;
        this.prefix = prefix;
        this.inPlace = store.folder().isPresent();
        this.folder = store.folder().map(root -> root.resolve(prefix)).orElse(copies.resolve(prefix));
        this.origin = copies.resolve("origin");
        this.stagingRoot = stagingRoot;
        this.largestCopy = largestCopy;
        this.timing = timing;
        this.allocator = allocator;
        this.transfers = transfers;
        this.manifests = new ManifestLog(store, prefix, folder, inPlace, timing);
        try {
            FileSystemUtils.deleteRecursively(stagingRoot);
            if (!inPlace) {
                for (String name : localFiles("")) {
                    if (name.endsWith(".part")) {
                        Files.delete(folder.resolve(name));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot empty " + stagingRoot, e);
        }
    }

    Path folder() {
        return folder;
    }

    /** The newest version that is known; 0 if there is no table. */
    long version() {
        return manifests.version();
    }

    // ---- which version is the newest

    /**
     * Finds the newest version, and throws the local copy away unless it is one of this table. Without the store, begins with a copy
     * that is complete.
     */
    void open() throws IOException {
        if (inPlace) {
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
            // That does not pass, and the operator has to hear of it now.
            throw e;
        } catch (StoreUnavailableException e) {
            if (copied.isEmpty() || !missing(files(copied.get())).isEmpty()) {
                throw e;
            }
            log.warn("begins with the local copy of the table: {}", e.getMessage());
            manifests.beginWithCopy(copied.get());
        }
    }

    private Optional<String> newestCopied() throws IOException {
        return ManifestName.newest(localFiles(ManifestLog.VERSIONS).stream()
                .map(name -> name.substring(ManifestLog.VERSIONS.length()))
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

    /** The copy belongs to one endpoint, bucket and table, and says so. */
    private void requireOrigin() throws IOException {
        String ours = store.bucket().map(bucket -> bucket.endpoint() + " ").orElse("")
                + store.address(prefix.substring(0, prefix.length() - 1));
        if (Files.exists(folder)) {
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
        FileSystemUtils.deleteRecursively(folder);
    }

    /** Nobody has compared them with the store's. */
    private void deleteOlderManifests() throws IOException {
        for (String name : localFiles(ManifestLog.VERSIONS)) {
            if (!name.endsWith("/" + manifests.name())) {
                Files.delete(folder.resolve(name));
            }
        }
    }

    /**
     * Takes over what other writers have committed since.
     *
     * @throws TableLostException if the store has this table no more, or nobody can tell
     */
    void catchUp() throws IOException {
        manifests.catchUp();
    }

    /** That the newest manifest cannot be read, with its name. */
    DamagedTableException damagedManifest(DamagedTableException cause) {
        return damagedManifest(manifests.name(), cause);
    }

    private DamagedTableException damagedManifest(String name, DamagedTableException cause) {
        return new DamagedTableException(
                "its manifest " + store.address(prefix + ManifestLog.VERSIONS + name) + " is damaged ("
                        + DamagedTableException.sentence(cause) + ")",
                cause);
    }

    /** Makes {@link #catchUp} ask for a listing, the next time. */
    void doubt() {
        manifests.doubt();
    }

    // ---- making versions

    /** A staged version with nothing in it, for a table that is not there yet. */
    StagedVersion stageEmpty() throws IOException {
        return new StagedVersion(stagingRoot.resolve(Integer.toString(stagings.getAndIncrement())));
    }

    /** A staged version with the newest manifest alone: enough for commits of what was made elsewhere. */
    StagedVersion stageNewest() throws IOException {
        return stageNewest(manifests.name());
    }

    /** The same with the manifests since that version, for Lance to see whether what came meanwhile is in the way. */
    StagedVersion stageSince(long since) throws IOException {
        StagedVersion staged = stageNewest();
        List<String> older = new ArrayList<>();
        for (long version = since; version < version(); version++) {
            String name = ManifestLog.VERSIONS + ManifestName.of(version);
            if (!Files.exists(folder.resolve(name))) {
                download(name, 0);
            }
            older.add(name);
        }
        staged.link(folder, older);
        return staged;
    }

    private StagedVersion stageNewest(String name) throws IOException {
        StagedVersion staged = stageEmpty();
        staged.link(folder, List.of(ManifestLog.VERSIONS + name));
        return staged;
    }

    /** A staged version with the newest manifest and the notes of what these fragments have deleted: enough to delete more. */
    StagedVersion stageDeletions(Set<Integer> fragments) throws IOException {
        StagedVersion staged = stageNewest();
        List<String> notes = new ArrayList<>();
        try (Dataset dataset = Datasets.of(staged, allocator)) {
            for (int id : fragments) {
                FragmentMetadata metadata = dataset.getFragment(id).metadata();
                DeletionFile deleted = metadata.getDeletionFile();
                if (deleted != null) {
                    notes.add(nameOf(id, deleted));
                }
            }
        }
        for (String name : notes) {
            if (!Files.exists(folder.resolve(name))) {
                download(name, 0);
            }
        }
        staged.link(folder, notes);
        return staged;
    }

    /**
     * A staged version with all files of the newest version, for work that reads the rows.
     *
     * @throws IOException if some are not here
     */
    StagedVersion stageAllFiles() throws IOException {
        String name = manifests.name();
        StagedVersion staged = stageNewest(name);
        staged.link(folder, files(name).keySet());
        return staged;
    }

    /**
     * Ships files of a staged version that are to be part of another one's version, for {@link #publish} to find them in the store: what
     * is large holds up no commits on its way, and goes once however many attempts there are. Any thread.
     */
    void ship(StagedVersion built, Predicate<String> which) throws IOException {
        store.requireConditionalPuts();
        List<String> files = built.newFiles().stream().filter(which).toList();
        Elapsed begun = Elapsed.started();
        eachAtOnce(
                files, name -> store.putIfAbsent(prefix + name, built.folder().resolve(name)));
        built.shipped(files, begun);
    }

    /**
     * Ships what is new in the staged version, its last manifest at the end: that is the commit. If the put of a manifest is refused,
     * another writer was first: then what was shipped for nothing is taken back and {@link #catchUp} is due.
     *
     * <p>Files are shipped when the version before their own is in the store, or by {@link #ship} not long before, which is what
     * {@link GarbageCollection} relies on.
     *
     * @return whether the version is now in the store and its files in this folder; false also if the version below it is not the
     *     store's any more, which {@link #catchUp} then says
     * @throws StoreUnavailableException if it is not known whether it is; the version that the store has decides, and the
     *     next commit will find out
     */
    boolean publish(StagedVersion staged) throws IOException {
        // Of the manifest's put alone depends who commits.
        store.requireConditionalPuts();
        List<String> files = new ArrayList<>(staged.newFiles());
        // Lance counts the names of manifests down.
        List<String> made = files.stream()
                .filter(name -> name.startsWith(ManifestLog.VERSIONS))
                .sorted(Comparator.reverseOrder())
                .toList();
        if (made.isEmpty()) {
            throw new IllegalStateException("no new version in " + files);
        }
        files.removeAll(made);
        Map<String, Elapsed> shipped = staged.shipped();
        if (shipped.values().stream().anyMatch(since -> since.isOver(timing.shipped()))) {
            throw new OutdatedException("what was made for it has been in the store for too long");
        }
        List<String> ours =
                files.stream().filter(name -> !shipped.containsKey(name)).toList();
        Elapsed compared = Elapsed.started();
        // Beside the files, so that it takes no time of its own.
        CompletableFuture<Standing> base = CompletableFuture.supplyAsync(manifests::standing, transfers);
        // Their names are random, so a refused put means that it had been made, and its answer was lost.
        eachAtOnce(
                ours, name -> store.putIfAbsent(prefix + name, staged.folder().resolve(name)));
        if (join(base) != Standing.SAME) {
            takeBack(ours);
            return false;
        }
        for (String early : made.subList(0, made.size() - 1)) {
            if (!store.putIfAbsent(prefix + early, staged.folder().resolve(early))) {
                ours.forEach(name -> store.delete(prefix + name));
                return false;
            }
        }
        String last = made.get(made.size() - 1);
        Path manifest = staged.folder().resolve(last);
        Elapsed put = Elapsed.started();
        boolean first = store.putIfAbsent(prefix + last, manifest);
        if (first && isPhantom(compared)) {
            store.delete(prefix + last);
            takeBack(ours);
            return false;
        }
        if (!first) {
            ours.forEach(name -> store.delete(prefix + name));
            return false;
        }
        byte[] bytes = Files.readAllBytes(manifest);
        if (!inPlace) {
            move(manifest, folder.resolve(last));
        }
        manifests.published(last.substring(ManifestLog.VERSIONS.length()), bytes, put);
        if (!inPlace && isCopied()) {
            for (String name : files) {
                move(staged.folder().resolve(name), folder.resolve(name));
            }
        }
        return true;
    }

    /** After this, only a listing tells what has become of the table. */
    private void takeBack(List<String> shipped) {
        shipped.forEach(name -> store.delete(prefix + name));
        manifests.doubt();
    }

    /**
     * Whether a manifest went to a name that had been taken and given free again, because this server had slept while
     * others went on and cleaned up. They remove the base first.
     *
     * @param compared since the base was seen in the store
     */
    private boolean isPhantom(Elapsed compared) {
        return compared.isOver(timing.certain()) && manifests.standing() != Standing.SAME;
    }

    // ---- the files of a version

    /** Whether the files of the newest version are to be here: if they are not too many. */
    boolean isCopied() throws IOException {
        return inPlace
                || files(manifests.name()).values().stream()
                                .mapToLong(Long::longValue)
                                .sum()
                        <= largestCopy;
    }

    /** Whether all files of the newest version are here. */
    boolean isComplete() throws IOException {
        return fillUpTo(0);
    }

    /**
     * Whether all files are here, once what is missing has been fetched, if it has at most so many bytes.
     *
     * @throws DamagedTableException if the store lacks a file or has another size of it than the manifest says
     */
    boolean fillUpTo(long bytes) throws IOException {
        Map<String, Long> files = files(manifests.name());
        List<String> missing = missing(files);
        if (inPlace) {
            requireNone(missing, files);
        } else if (!missing.isEmpty() && missing.stream().mapToLong(files::get).sum() < bytes) {
            fetch(missing, files);
            missing = List.of();
        }
        return missing.isEmpty();
    }

    /**
     * Fetches what the newest version lacks here. Others may go on to newer versions meanwhile.
     *
     * @return the version that is complete now
     * @throws DamagedTableException if the store lacks a file or has another size of it than the manifest says
     */
    long fill() throws IOException {
        String name = manifests.name();
        Map<String, Long> files = files(name);
        List<String> missing = missing(files);
        if (inPlace) {
            requireNone(missing, files);
        } else {
            fetch(missing, files);
        }
        return ManifestName.version(name).orElse(0L);
    }

    private void requireNone(List<String> missing, Map<String, Long> files) throws IOException {
        for (String name : missing) {
            requireSize(name, files.getOrDefault(name, 0L));
        }
    }

    private void fetch(List<String> missing, Map<String, Long> files) throws IOException {
        eachAtOnce(missing, name -> download(name, files.getOrDefault(name, 0L)));
    }

    /** @param bytes that the file must have, 0 if it is not known */
    private void download(String name, long bytes) throws IOException {
        if (!store.download(prefix + name, folder.resolve(name))) {
            throw new DamagedTableException(store.address(prefix + name) + " is missing");
        }
        requireSize(name, bytes);
    }

    private void requireSize(String name, long bytes) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            throw new DamagedTableException(store.address(prefix + name) + " is missing");
        }
        if (bytes > 0 && Files.size(file) != bytes) {
            throw new DamagedTableException(
                    store.address(prefix + name) + " has " + Files.size(file) + " bytes instead of " + bytes);
        }
    }

    /**
     * Compares the files of the newest version with those of the store. One listing.
     *
     * @throws DamagedTableException if one is missing, or has another size than the manifest says
     */
    void requireFiles() throws IOException {
        Map<String, Long> stored = new HashMap<>();
        store.list(prefix, object -> stored.put(object.key().substring(prefix.length()), object.bytes()));
        files(manifests.name()).forEach((name, bytes) -> {
            Long found = stored.get(name);
            if (found == null) {
                throw new DamagedTableException(store.address(prefix + name) + " is missing");
            }
            if (bytes > 0 && !found.equals(bytes)) {
                throw new DamagedTableException(
                        store.address(prefix + name) + " has " + found + " bytes instead of " + bytes);
            }
        });
    }

    private List<String> missing(Map<String, Long> files) throws IOException {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, Long> file : files.entrySet()) {
            Path local = folder.resolve(file.getKey());
            if (!Files.exists(local) || (file.getValue() > 0 && Files.size(local) != file.getValue())) {
                missing.add(file.getKey());
            }
        }
        return missing;
    }

    /** Relative names of all files but the manifest, with their bytes where it tells them, else 0. */
    Map<String, Long> files(String name) throws IOException {
        try (StagedVersion thin = stageNewest(name)) {
            return files(thin);
        } catch (DamagedTableException e) {
            throw damagedManifest(name, e);
        }
    }

    /** The same of a version that need not be here. */
    Map<String, Long> filesOf(long version) throws IOException {
        String name = ManifestName.of(version);
        if (Files.exists(folder.resolve(ManifestLog.VERSIONS + name))) {
            return files(name);
        }
        try (StagedVersion thin = stageEmpty()) {
            if (!store.download(
                    prefix + ManifestLog.VERSIONS + name, thin.folder().resolve(ManifestLog.VERSIONS + name))) {
                throw new IOException("version " + version + " is not there any more");
            }
            return files(thin);
        }
    }

    private Map<String, Long> files(StagedVersion thin) throws IOException {
        Map<String, Long> files = new TreeMap<>();
        try (Dataset dataset = Datasets.of(thin, allocator)) {
            for (var fragment : dataset.getFragments()) {
                FragmentMetadata metadata = fragment.metadata();
                for (DataFile file : metadata.getFiles()) {
                    files.put(DATA + file.getPath(), file.getFileSizeBytes() == null ? 0L : file.getFileSizeBytes());
                }
                DeletionFile deleted = metadata.getDeletionFile();
                if (deleted != null) {
                    files.put(nameOf(metadata.getId(), deleted), 0L);
                }
            }
            for (var index : dataset.getIndexes()) {
                indexFiles
                        .computeIfAbsent(index.uuid(), this::listIndex)
                        .forEach(indexFile -> files.put(indexFile, 0L));
            }
        }
        return files;
    }

    /** As Lance names it. */
    private static String nameOf(int fragment, DeletionFile file) {
        return DELETIONS + fragment + "-" + file.getReadVersion() + "-" + Long.toUnsignedString(file.getId())
                + (file.getFileType() == DeletionFileType.ARRAY ? ".arrow" : ".bin");
    }

    private List<String> listIndex(UUID uuid) {
        return store.list(prefix + INDICES + uuid + "/").stream()
                .map(key -> key.substring(prefix.length()))
                .toList();
    }

    /**
     * Removes files of older versions from a copy, some time after they were needed last.
     *
     * @param read versions that are read, beside the newest
     */
    void prune(Set<Long> read) throws IOException {
        if (inPlace) {
            return;
        }
        Set<String> names = new HashSet<>(Set.of(manifests.name()));
        read.forEach(version -> names.add(ManifestName.of(version)));
        Set<String> needed = new HashSet<>();
        for (String name : names) {
            if (Files.exists(folder.resolve(ManifestLog.VERSIONS + name))) {
                needed.add(ManifestLog.VERSIONS + name);
                if (isCopied()) {
                    needed.addAll(files(name).keySet());
                }
            }
        }
        obsolete.keySet().removeAll(needed);
        for (String name : localFiles("")) {
            if (needed.contains(name) || name.endsWith(".part")) {
                continue;
            }
            if (obsolete.computeIfAbsent(name, first -> Elapsed.started()).isOver(timing.prune())) {
                Files.deleteIfExists(folder.resolve(name));
                obsolete.remove(name);
            }
        }
    }

    private List<String> localFiles(String below) throws IOException {
        Path start = folder.resolve(below);
        if (!Files.exists(start)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(start)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .toList();
        }
    }

    private static void move(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    private interface Transfer {
        void run(String name) throws IOException;
    }

    private void eachAtOnce(Collection<String> names, Transfer transfer) throws IOException {
        List<CompletableFuture<Void>> running = names.stream()
                .map(name -> CompletableFuture.runAsync(
                        () -> {
                            try {
                                transfer.run(name);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        transfers))
                .toList();
        join(CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)));
    }

    private static <T> T join(CompletableFuture<T> running) throws IOException {
        try {
            return running.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UncheckedIOException io) {
                throw new IOException(io.getMessage(), io);
            }
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
