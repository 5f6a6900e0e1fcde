package dev.glimpse.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * Objects as files below one folder. A put writes a temporary file and gives it its final name by a hard link, which
 * the file system refuses if the name is taken: so no reader sees half an object, and one of several writers wins, in
 * whatever process.
 *
 * <p>Metadata is in {@code meta/}, on disk before its object. It is the winner's as long as one process writes, which
 * the lock of the {@link WorkingFolder} sees to.
 */
final class FolderStore implements ObjectStore {
    private static final String METADATA_FOLDER = "meta";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Shared by all stores of this process, as two may have the same folder. */
    private static final List<Object> LOCKS =
            IntStream.range(0, 64).mapToObj(i -> new Object()).toList();

    private final RequestMeter meter = new RequestMeter();
    private final Path configured;
    private final Path root;
    private final DurableFiles files;

    /** Why the disk did not take the last write; null if it did. */
    private volatile @Nullable StoreProblem problem;

    /** @param root need not exist yet, must be on one file system, which must know hard links */
    FolderStore(Path root) {
        this(
                root,
                new DurableFiles(
                        WorkingFolder.temporaryPuts(root.toAbsolutePath().normalize())));
    }

    FolderStore(Path root, DurableFiles files) {
        this.configured = root;
        this.root = root.toAbsolutePath().normalize();
        this.files = files;
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String mediaType, Map<String, String> metadata) {
        Path object = path(key);
        KeyRules.requireMetadata(metadata);
        try {
            if (isTaken(object)) {
                return false;
            }
            Path written = files.write(bytes);
            try {
                synchronized (lock(key)) {
                    if (!metadata.isEmpty()) {
                        // Again, now that nobody else can put it: this put must not change the metadata of an object.
                        if (isTaken(object)) {
                            return false;
                        }
                        writeMetadata(key, metadata);
                    }
                    boolean stored = files.link(written, object);
                    problem = null;
                    return stored;
                }
            } finally {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) {
            throw unavailable("write", key, e);
        }
    }

    @Override
    public boolean putIfAbsent(String key, Path file) {
        Path object = path(key);
        try {
            files.force(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + " to put it as " + key, e);
        }
        try {
            boolean stored = files.linkOrCopy(file, object);
            problem = null;
            return stored;
        } catch (IOException e) {
            throw unavailable("write", key, e);
        }
    }

    @Override
    public Optional<byte[]> get(String key, long most) {
        Path object = path(key);
        try {
            BasicFileAttributes attributes = attributes(object);
            return attributes == null || attributes.size() > most
                    ? Optional.empty()
                    : Optional.of(Files.readAllBytes(object));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw unavailable("read", key, e);
        }
    }

    @Override
    public boolean download(String key, Path target) throws IOException {
        Path object = path(key);
        try {
            if (attributes(object) == null) {
                return false;
            }
        } catch (IOException e) {
            throw unavailable("read", key, e);
        }
        try (Download download = new Download(target)) {
            try {
                Files.copy(object, download.part());
            } catch (NoSuchFileException e) {
                if (object.toString().equals(e.getFile())) {
                    return false;
                }
                throw e;
            }
            download.complete();
            return true;
        }
    }

    @Override
    public Optional<ObjectHead> head(String key) {
        Path object = path(key);
        try {
            BasicFileAttributes attributes = attributes(object);
            return attributes == null
                    ? Optional.empty()
                    : Optional.of(new ObjectHead(
                            attributes.size(),
                            readMetadata(key),
                            attributes.lastModifiedTime().toInstant(),
                            etag(attributes)));
        } catch (IOException e) {
            throw unavailable("read", key, e);
        }
    }

    @Override
    public void delete(String key) {
        Path object = path(key);
        Path metadata = metadataPath(key);
        try {
            synchronized (lock(key)) {
                // The object first: an object must never be without its metadata. Also if there is none, as an earlier
                // delete may not have come to the disk.
                if (!Files.isDirectory(object)) {
                    files.delete(object);
                }
                files.delete(metadata);
            }
        } catch (IOException e) {
            throw unavailable("delete", key, e);
        }
    }

    @Override
    public boolean copy(String from, String to) {
        Path source = path(from);
        Path target = path(to);
        try {
            if (attributes(source) == null) {
                return false;
            }
            synchronized (lock(to)) {
                Map<String, String> metadata = readMetadata(from);
                if (!metadata.isEmpty()) {
                    writeMetadata(to, metadata);
                }
                files.replaceByCopy(target, source);
            }
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw unavailable("copy", from, e);
        }
    }

    @Override
    public boolean replaceMetadata(
            String key, String etag, String mediaType, Map<String, String> metadata, Duration within) {
        Path object = path(key);
        KeyRules.requireMetadata(metadata);
        try {
            // A delete takes the same lock.
            synchronized (lock(key)) {
                BasicFileAttributes attributes = attributes(object);
                if (attributes == null || !etag(attributes).equals(etag)) {
                    return false;
                }
                writeMetadata(key, metadata);
            }
            problem = null;
            return true;
        } catch (IOException e) {
            throw unavailable("write", key, e);
        }
    }

    @Override
    public Instant list(String prefix, Consumer<Listed> objects) {
        KeyRules.requirePrefix(prefix);
        Path start = root.resolve(prefix.substring(0, prefix.lastIndexOf('/') + 1));
        Instant clock = Instant.now();
        try {
            Files.walkFileTree(
                    start, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new Lister(prefix, objects));
        } catch (IOException e) {
            throw unavailable("list", prefix, e);
        }
        return clock;
    }

    /** Identifies the bytes of an object: a put never writes into an existing file, so other bytes mean another file or another time. */
    private static String etag(BasicFileAttributes attributes) {
        return attributes.fileKey() + "-" + attributes.lastModifiedTime().toInstant() + "-" + attributes.size();
    }

    @Override
    public boolean hasAny(String prefix) {
        AtomicBoolean found = new AtomicBoolean();
        list(prefix, object -> found.set(true));
        return found.get();
    }

    @Override
    public String address(String key) {
        KeyRules.requirePrefix(key);
        return key;
    }

    @Override
    public String kind() {
        return "folder";
    }

    /** The lock of the {@link WorkingFolder} sees to it. */
    @Override
    public boolean hasOneWriter() {
        return true;
    }

    /** The folder is walked as a whole, whatever the prefix. */
    @Override
    public boolean listsInParallel() {
        return false;
    }

    @Override
    public Optional<Path> filesInPlace() {
        return Optional.of(configured);
    }

    @Override
    public Optional<R2Properties> directAccess() {
        return Optional.empty();
    }

    @Override
    public void requireConditionalPuts() {
        // The file system refuses to link a name that is taken.
    }

    @Override
    public boolean isTried() {
        return true;
    }

    @Override
    public void tryWriting() {
        try {
            Files.delete(files.write(new byte[1]));
            problem = null;
        } catch (IOException e) {
            throw unavailable("write", WorkingFolder.NAME, e);
        }
    }

    @Override
    public Optional<StoreProblem> problem() {
        return Optional.ofNullable(problem);
    }

    @Override
    public RequestMeter meter() {
        return meter;
    }

    @Override
    public void close() {
        // No file stays open between calls.
    }

    /** Whether an object has this name. If so, the name is on the disk when this returns. */
    private boolean isTaken(Path object) throws IOException {
        if (!Files.exists(object)) {
            return false;
        }
        files.requireKept(object);
        return true;
    }

    /** Writes the metadata of a key. Metadata that a put has left that died before it wrote its object is replaced. */
    private void writeMetadata(String key, Map<String, String> metadata) throws IOException {
        files.replace(metadataPath(key), JSON.writeValueAsBytes(new TreeMap<>(metadata)));
    }

    private Map<String, String> readMetadata(String key) throws IOException {
        Path file = metadataPath(key);
        try {
            return JSON.readValue(Files.readAllBytes(file), new TypeReference<Map<String, String>>() {});
        } catch (NoSuchFileException e) {
            return Map.of();
        } catch (JacksonException e) {
            throw new IOException("not metadata of an object: " + file, e);
        }
    }

    /**
     * {@code images/a.jpg} has {@code meta/a.json}. Elsewhere the folder is part of the name, {@code trash/a.jpg} has
     * {@code meta/trash/a.json}, so that the same picture in two places has two.
     */
    private Path metadataPath(String key) {
        String name = key.startsWith("images/") ? key.substring("images/".length()) : key;
        int dot = name.lastIndexOf('.');
        String stem = dot > name.lastIndexOf('/') + 1 ? name.substring(0, dot) : name;
        return root.resolve(METADATA_FOLDER).resolve(stem + ".json");
    }

    private Path path(String key) {
        KeyRules.requireKey(key);
        return root.resolve(key);
    }

    private static Object lock(String key) {
        return LOCKS.get(Math.floorMod(key.hashCode(), LOCKS.size()));
    }

    /** The attributes of an object; null if there is no regular file. */
    private static @Nullable BasicFileAttributes attributes(Path object) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(object, BasicFileAttributes.class);
            return attributes.isRegularFile() ? attributes : null;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private StoreUnavailableException unavailable(String operation, String key, IOException e) {
        String what = "cannot " + operation + " " + key + " in folder " + root + ": " + e;
        Optional<StoreProblem> disk = DiskProblem.of(e)
                .map(found -> new StoreProblem(what, found.cure(), "the server's data folder " + found.what()));
        if (operation.equals("write") && disk.isPresent()) {
            problem = disk.get();
        }
        return new StoreUnavailableException(
                disk.orElseGet(() -> new StoreProblem(
                        what,
                        "Look after that folder, or set GLIMPSE_DATA to another one.",
                        "the server's data folder cannot be used")),
                e);
    }

    /** Files that come and go while it walks are no failure. */
    private final class Lister extends SimpleFileVisitor<Path> {
        private final String prefix;
        private final Consumer<Listed> objects;

        Lister(String prefix, Consumer<Listed> objects) {
            this.prefix = prefix;
            this.objects = objects;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean ours = root.equals(folder.getParent())
                    && (folder.endsWith(WorkingFolder.NAME) || folder.endsWith(METADATA_FOLDER));
            return ours && !prefix.startsWith(folder.getFileName() + "/")
                    ? FileVisitResult.SKIP_SUBTREE
                    : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String key = root.relativize(file).toString();
            if (attributes.isRegularFile() && key.startsWith(prefix) && KeyRules.isKey(key)) {
                objects.accept(new Listed(key, attributes.lastModifiedTime().toInstant(), attributes.size()));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw e;
        }
    }
}
