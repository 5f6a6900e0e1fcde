package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
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
 * The local copy of the table's files, and the only way of a new version into the store. Knows the newest version by its
 * manifest, which is always here; {@link #fill} fetches the files that it speaks of. A table in a folder is used in place.
 *
 * <p>One thread at a time may move on to other versions; the others may fill and read.
 *
 * <p>Why Lance never writes to the bucket: its own commit rebases silently over foreign commits and, when the answer of
 * the store is lost, commits twice. Here a commit is a conditional put of the next manifest: it is won or lost.
 */
final class Replica {
    static final String VERSIONS = "_versions/";
    static final String TRANSACTIONS = "_transactions/";
    static final String DATA = "data/";
    static final String DELETIONS = "_deletions/";
    static final String INDICES = "_indices/";

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    private final ObjectStore store;
    private final String prefix;
    private final Path folder;
    private final boolean inPlace;
    private final Path scratchRoot;
    private final long largestCopy;
    private final Timing timing;
    private final BufferAllocator allocator;
    private final Executor transfers;
    private final AtomicInteger scratches = new AtomicInteger();

    /** What is below {@code _indices/} of an index never changes. */
    private final Map<UUID, List<String>> indexFiles = new ConcurrentHashMap<>();

    private final Map<String, Stopwatch> obsolete = new HashMap<>();
    private volatile String manifest = "";

    /** Since it was known that the manifest is the newest; since it was seen in the store; since the last listing. */
    private Stopwatch confirmed = Stopwatch.NEVER;

    private Stopwatch seen = Stopwatch.NEVER;
    private Stopwatch listed = Stopwatch.NEVER;

    /**
     * @param prefix key of the table in the store, ending in {@code /}
     * @param copies where copies of tables in buckets are kept
     * @param scratchRoot on the same file system as the table; emptied here
     * @param largestCopy bytes of the largest table that is copied
     * @param transfers runs puts and gets side by side
     */
    Replica(
            ObjectStore store,
            String prefix,
            Path copies,
            Path scratchRoot,
            long largestCopy,
            Timing timing,
            BufferAllocator allocator,
            Executor transfers) {
        this.store = store;
        this.prefix = prefix;
        this.inPlace = store.folder().isPresent();
        this.folder = store.folder().map(root -> root.resolve(prefix)).orElse(copies.resolve(prefix));
        this.scratchRoot = scratchRoot;
        this.largestCopy = largestCopy;
        this.timing = timing;
        this.allocator = allocator;
        this.transfers = transfers;
        try {
            FileSystemUtils.deleteRecursively(scratchRoot);
            if (!inPlace) {
                for (String name : localFiles("")) {
                    if (name.endsWith(".part")) {
                        Files.delete(folder.resolve(name));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot empty " + scratchRoot, e);
        }
    }

    Path folder() {
        return folder;
    }

    /** The newest version that is known; 0 if there is no table. */
    long version() {
        return ManifestName.version(manifest).orElse(0L);
    }

    // ---- which version is the newest

    /** Finds the newest version; without the store, the one that is complete here. */
    void open() throws IOException {
        try {
            findNewest();
        } catch (StoreUnavailableException e) {
            Optional<String> local = ManifestName.newest(localFiles(VERSIONS).stream()
                    .map(name -> name.substring(VERSIONS.length()))
                    .toList());
            if (local.isEmpty() || !missing(files(local.get())).isEmpty()) {
                throw e;
            }
            log.warn("begins with the local copy of the table: {}", e.getMessage());
            manifest = local.get();
        }
    }

    private void findNewest() throws IOException {
        List<String> names = store.list(prefix + VERSIONS).stream()
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .toList();
        Optional<String> newest = ManifestName.newest(names);
        if (newest.isPresent()) {
            moveTo(newest.get());
        }
        listed = Stopwatch.started();
        seen = Stopwatch.started();
    }

    /**
     * Takes over what other writers have committed since: asks for the next manifest by its name, which is known. After a
     * pause, in which that name may have come and gone, and now and then in any case, a listing tells.
     */
    void catchUp() throws IOException {
        if (confirmed.isOver(timing.certain()) || listed.isOver(timing.listing())) {
            findNewest();
            return;
        }
        if (seen.isOver(timing.certain())) {
            if (!isThere(manifest)) {
                findNewest();
                return;
            }
            seen = Stopwatch.started();
        }
        Stopwatch asked = Stopwatch.started();
        long next = version() + 1;
        while (isThere(ManifestName.of(next))) {
            next++;
        }
        if (next - 1 > version()) {
            moveTo(ManifestName.of(next - 1));
        }
        confirmed = asked;
    }

    private boolean isThere(String name) {
        return store.head(prefix + VERSIONS + name).isPresent();
    }

    private void moveTo(String name) throws IOException {
        Stopwatch asked = Stopwatch.started();
        Path target = folder.resolve(VERSIONS + name);
        if (!inPlace && !Files.exists(target) && !store.download(prefix + VERSIONS + name, target)) {
            throw new IOException("manifest " + name + " vanished from " + store.address(prefix));
        }
        manifest = name;
        confirmed = asked;
    }

    // ---- making versions

    /** A scratch with nothing in it, for a table that is not there yet. */
    Scratch emptyScratch() throws IOException {
        return new Scratch(scratchRoot.resolve(Integer.toString(scratches.getAndIncrement())));
    }

    /** A scratch with the newest manifest alone: enough for commits of what was made elsewhere. */
    Scratch thinScratch() throws IOException {
        return thinScratch(manifest);
    }

    /** The same with the manifests since that version, for Lance to see whether what came meanwhile is in the way. */
    Scratch scratchSince(long since) throws IOException {
        Scratch scratch = thinScratch();
        List<String> manifests = new ArrayList<>();
        for (long version = since; version < version(); version++) {
            String name = VERSIONS + ManifestName.of(version);
            if (!Files.exists(folder.resolve(name))) {
                download(name);
            }
            manifests.add(name);
        }
        scratch.link(folder, manifests);
        return scratch;
    }

    private Scratch thinScratch(String name) throws IOException {
        Scratch scratch = emptyScratch();
        scratch.link(folder, List.of(VERSIONS + name));
        return scratch;
    }

    /** A scratch with the newest manifest and the notes of what these fragments have deleted: enough to delete more. */
    Scratch deletionScratch(Set<Integer> fragments) throws IOException {
        Scratch scratch = thinScratch();
        List<String> notes = new ArrayList<>();
        try (Dataset dataset = Datasets.of(scratch, allocator)) {
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
                download(name);
            }
        }
        scratch.link(folder, notes);
        return scratch;
    }

    /**
     * A scratch with all files of the newest version, for work that reads the rows.
     *
     * @throws IOException if some are not here
     */
    Scratch fullScratch() throws IOException {
        String name = manifest;
        Scratch scratch = thinScratch(name);
        scratch.link(folder, files(name).keySet());
        return scratch;
    }

    /**
     * Ships files of a scratch that are to be part of another one's version, for {@link #publish} to find them in the store: what
     * is large holds up no commits on its way, and goes once however many attempts there are. Any thread.
     */
    void ship(Scratch built, Predicate<String> which) throws IOException {
        store.requireConditionalPuts();
        List<String> files = built.newFiles().stream().filter(which).toList();
        Stopwatch begun = Stopwatch.started();
        eachAtOnce(
                files, name -> store.putIfAbsent(prefix + name, built.folder().resolve(name)));
        built.shipped(files, begun);
    }

    /**
     * Ships what is new in the scratch, its last manifest at the end: that is the commit. If the put of a manifest is refused,
     * another writer was first: then what was shipped for nothing is taken back and {@link #catchUp} is due.
     *
     * <p>Files are shipped when the version before their own is in the store, or by {@link #ship} not long before, which is what
     * {@link Cleanup} relies on.
     *
     * @return whether the version is now in the store and its files in this folder
     * @throws StoreUnavailableException if it is not known whether it is; the version that the store has decides, and the
     *     next commit will find out
     */
    boolean publish(Scratch scratch) throws IOException {
        // Of the manifest's put alone depends who commits.
        store.requireConditionalPuts();
        List<String> files = new ArrayList<>(scratch.newFiles());
        // Lance counts the names of manifests down.
        List<String> manifests = files.stream()
                .filter(name -> name.startsWith(VERSIONS))
                .sorted(Comparator.reverseOrder())
                .toList();
        if (manifests.isEmpty()) {
            throw new IllegalStateException("no new version in " + files);
        }
        files.removeAll(manifests);
        String base = manifest;
        Stopwatch known = confirmed;
        String last = manifests.get(manifests.size() - 1);
        for (String early : manifests.subList(0, manifests.size() - 1)) {
            if (!store.putIfAbsent(prefix + early, scratch.folder().resolve(early))) {
                return false;
            }
        }
        // Their names are random, so a refused put means that it had been made, and its answer was lost.
        Map<String, Stopwatch> shipped = scratch.shipped();
        if (shipped.values().stream().anyMatch(since -> since.isOver(timing.shipped()))) {
            throw new OutdatedException("what was made for it has been in the store for too long");
        }
        List<String> ours =
                files.stream().filter(name -> !shipped.containsKey(name)).toList();
        eachAtOnce(
                ours, name -> store.putIfAbsent(prefix + name, scratch.folder().resolve(name)));
        Stopwatch put = Stopwatch.started();
        boolean first = store.putIfAbsent(prefix + last, scratch.folder().resolve(last));
        if (first && isPhantom(base, known)) {
            store.delete(prefix + last);
            first = false;
        }
        if (!first) {
            ours.forEach(name -> store.delete(prefix + name));
            return false;
        }
        if (!inPlace) {
            move(scratch.folder().resolve(last), folder.resolve(last));
        }
        manifest = last.substring(VERSIONS.length());
        confirmed = put;
        if (!inPlace && isCopied()) {
            for (String name : files) {
                move(scratch.folder().resolve(name), folder.resolve(name));
            }
        }
        return true;
    }

    /**
     * Whether a manifest went to a name that had been taken and given free again, because this server had slept while
     * others went on and cleaned up. They remove the base first.
     */
    private boolean isPhantom(String base, Stopwatch known) {
        if (base.isEmpty() || !known.isOver(timing.certain()) || isThere(base)) {
            return false;
        }
        confirmed = Stopwatch.NEVER;
        return true;
    }

    // ---- the files of a version

    /** Whether the files of the newest version are to be here: if they are not too many. */
    boolean isCopied() throws IOException {
        return inPlace
                || files(manifest).values().stream().mapToLong(Long::longValue).sum() <= largestCopy;
    }

    /** Whether all files of the newest version are here. */
    boolean isComplete() throws IOException {
        return fillUpTo(0);
    }

    /** The same, once what is missing has been fetched, if it has at most so many bytes. */
    boolean fillUpTo(long bytes) throws IOException {
        if (inPlace) {
            return true;
        }
        Map<String, Long> files = files(manifest);
        List<String> missing = missing(files);
        if (!missing.isEmpty() && missing.stream().mapToLong(files::get).sum() < bytes) {
            eachAtOnce(missing, this::download);
            missing = List.of();
        }
        return missing.isEmpty();
    }

    /**
     * Fetches what the newest version lacks here. Others may go on to newer versions meanwhile.
     *
     * @return the version that is complete now
     */
    long fill() throws IOException {
        String name = manifest;
        if (!inPlace) {
            eachAtOnce(missing(files(name)), this::download);
        }
        return ManifestName.version(name).orElse(0L);
    }

    private void download(String name) throws IOException {
        if (!store.download(prefix + name, folder.resolve(name))) {
            throw new IOException(store.address(prefix + name) + " is missing: the table is damaged");
        }
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
        try (Scratch thin = thinScratch(name)) {
            return files(thin);
        }
    }

    /** The same of a version that need not be here. */
    Map<String, Long> filesOf(long version) throws IOException {
        String name = ManifestName.of(version);
        if (Files.exists(folder.resolve(VERSIONS + name))) {
            return files(name);
        }
        try (Scratch thin = emptyScratch()) {
            if (!store.download(prefix + VERSIONS + name, thin.folder().resolve(VERSIONS + name))) {
                throw new IOException("version " + version + " is not there any more");
            }
            return files(thin);
        }
    }

    private Map<String, Long> files(Scratch thin) throws IOException {
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
        Set<String> names = new HashSet<>(Set.of(manifest));
        read.forEach(version -> names.add(ManifestName.of(version)));
        Set<String> needed = new HashSet<>();
        for (String name : names) {
            if (Files.exists(folder.resolve(VERSIONS + name))) {
                needed.add(VERSIONS + name);
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
            if (obsolete.computeIfAbsent(name, first -> Stopwatch.started()).isOver(timing.prune())) {
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
        try {
            CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).join();
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
