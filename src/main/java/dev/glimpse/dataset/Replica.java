package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.fragment.DataFile;
import org.springframework.util.FileSystemUtils;

/**
 * The files of the table's newest version on the local disk, and the only way of a new version into the store. Of a
 * table in a bucket it is a copy; a table in a folder is used in place. Not safe between threads.
 *
 * <p>Why Lance never talks to the bucket: its own commit rebases silently over foreign commits and, when the answer of
 * the store is lost, commits twice. Here a commit is a conditional put of the next manifest: it is won or lost.
 */
final class Replica {
    private static final String VERSIONS = "_versions/";
    private static final String TRANSACTIONS = "_transactions/";
    private static final String DATA = "data/";
    private static final String DELETIONS = "_deletions/";
    private static final String INDICES = "_indices/";

    private final ObjectStore store;
    private final String prefix;
    private final Path folder;
    private final boolean inPlace;
    private final Path scratchRoot;
    private final BufferAllocator allocator;
    private final Executor transfers;
    private String manifest = "";
    private int scratches;

    /**
     * @param prefix key of the table in the store, ending in {@code /}
     * @param copies where copies of tables in buckets are kept
     * @param scratchRoot on the same file system as the table; emptied here
     * @param transfers runs puts and gets side by side
     */
    Replica(
            ObjectStore store,
            String prefix,
            Path copies,
            Path scratchRoot,
            BufferAllocator allocator,
            Executor transfers) {
        this.store = store;
        this.prefix = prefix;
        this.inPlace = store.folder().isPresent();
        this.folder = store.folder().map(root -> root.resolve(prefix)).orElse(copies.resolve(prefix));
        this.scratchRoot = scratchRoot;
        this.allocator = allocator;
        this.transfers = transfers;
        try {
            FileSystemUtils.deleteRecursively(scratchRoot);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot empty " + scratchRoot, e);
        }
    }

    Path folder() {
        return folder;
    }

    /** The version that the folder holds; 0 if there is no table. */
    long version() {
        return ManifestName.version(manifest).orElse(0L);
    }

    /** Finds the newest version in the store and fetches what is missing here. */
    void open() throws IOException {
        List<String> names = store.list(prefix + VERSIONS).stream()
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .toList();
        Optional<String> newest = ManifestName.newest(names);
        if (newest.isPresent()) {
            fetch(newest.get());
        }
    }

    /** Takes over what other writers have committed since. */
    void catchUp() throws IOException {
        long next = version() + 1;
        while (store.head(prefix + VERSIONS + ManifestName.of(next)).isPresent()) {
            next++;
        }
        if (next - 1 > version()) {
            fetch(ManifestName.of(next - 1));
        }
    }

    /** A scratch with nothing in it, for a table that is not there yet. */
    Scratch emptyScratch() throws IOException {
        return new Scratch(scratchRoot.resolve(Integer.toString(scratches++)));
    }

    /** A scratch with the newest manifest alone: enough to append rows or to commit an index. */
    Scratch thinScratch() throws IOException {
        Scratch scratch = emptyScratch();
        scratch.link(folder, List.of(VERSIONS + manifest));
        return scratch;
    }

    /** A scratch with all files of the newest version, for work that reads the rows. */
    Scratch fullScratch() throws IOException {
        Scratch scratch = thinScratch();
        scratch.link(folder, filesOf(scratch.folder(), this::localFiles));
        return scratch;
    }

    /**
     * Ships what is new in the scratch, its manifest last, which is the commit. If the put of the manifest is refused,
     * another writer was first: then what was shipped for nothing is taken back and {@link #catchUp} is due.
     *
     * @return whether the version is now in the store and in this folder
     * @throws dev.glimpse.storage.StoreUnavailableException if it is not known whether it is; the version that the store
     *     has decides, and the next commit will find out
     */
    boolean publish(Scratch scratch) throws IOException {
        List<String> files = new ArrayList<>(scratch.newFiles());
        List<String> manifests =
                files.stream().filter(name -> name.startsWith(VERSIONS)).toList();
        if (manifests.size() != 1) {
            throw new IllegalStateException("one new version expected: " + manifests);
        }
        String next = manifests.get(0);
        files.remove(next);
        // Their names are random, so a refused put means that an earlier attempt has shipped the file.
        eachAtOnce(
                files, name -> store.putIfAbsent(prefix + name, scratch.folder().resolve(name)));
        if (!store.putIfAbsent(prefix + next, scratch.folder().resolve(next))) {
            files.stream()
                    .filter(name ->
                            name.startsWith(DATA) || name.startsWith(TRANSACTIONS) || name.startsWith(DELETIONS))
                    .forEach(name -> store.delete(prefix + name));
            return false;
        }
        if (!inPlace) {
            for (String name : files) {
                move(scratch.folder().resolve(name), folder.resolve(name));
            }
            adopt(scratch.folder().resolve(next), next.substring(VERSIONS.length()));
        }
        manifest = next.substring(VERSIONS.length());
        return true;
    }

    private void fetch(String name) throws IOException {
        if (!inPlace) {
            try (Scratch thin = emptyScratch()) {
                Path fetched = thin.folder().resolve(VERSIONS + name);
                Files.createDirectories(fetched.getParent());
                if (!store.download(prefix + VERSIONS + name, fetched)) {
                    throw new IOException("manifest " + name + " vanished from " + store.address(prefix));
                }
                List<String> missing = filesOf(thin.folder(), this::storedFiles).stream()
                        .filter(file -> !Files.exists(folder.resolve(file)))
                        .toList();
                eachAtOnce(missing, this::download);
                adopt(fetched, name);
            }
        }
        manifest = name;
    }

    private void download(String name) throws IOException {
        Path target = folder.resolve(name);
        Files.createDirectories(target.getParent());
        if (!store.download(prefix + name, target)) {
            throw new IOException(store.address(prefix + name) + " is missing: the table is damaged");
        }
    }

    /** Makes the manifest the only one of a copy, so that Lance opens this version and no older one. */
    private void adopt(Path fetched, String name) throws IOException {
        move(fetched, folder.resolve(VERSIONS + name));
        try (Stream<Path> others = Files.list(folder.resolve(VERSIONS))) {
            for (Path other : others.toList()) {
                if (!other.getFileName().toString().equals(name)) {
                    Files.delete(other);
                }
            }
        }
    }

    private static void move(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    private interface Listing {
        List<String> below(String name) throws IOException;
    }

    /** Relative names of all files that the manifest in this folder speaks of. */
    private Collection<String> filesOf(Path thin, Listing listing) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        try (Dataset dataset =
                Dataset.open().allocator(allocator).uri(thin.toString()).build()) {
            for (var fragment : dataset.getFragments()) {
                FragmentMetadata metadata = fragment.metadata();
                for (DataFile file : metadata.getFiles()) {
                    names.add(DATA + file.getPath());
                }
                if (metadata.getDeletionFile() != null) {
                    names.addAll(listing.below(DELETIONS + metadata.getId() + "-"));
                }
            }
            for (var index : dataset.getIndexes()) {
                names.addAll(listing.below(INDICES + index.uuid() + "/"));
            }
        }
        return names;
    }

    private List<String> storedFiles(String start) {
        return store.list(prefix + start).stream()
                .map(key -> key.substring(prefix.length()))
                .toList();
    }

    private List<String> localFiles(String start) throws IOException {
        Path parent = folder.resolve(start.substring(0, start.lastIndexOf('/')));
        try (Stream<Path> files = Files.list(parent)) {
            return files.map(file -> folder.relativize(file).toString())
                    .filter(name -> name.startsWith(start))
                    .toList();
        }
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
