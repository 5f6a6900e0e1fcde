package dev.glimpse.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
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
    private final Path temporary;

    /** Why the disk did not take the last write; null if it did. */
    private volatile @Nullable StoreProblem problem;

    /** @param root need not exist yet, must be on one file system, which must know hard links */
    FolderStore(Path root) {
        this.configured = root;
        this.root = root.toAbsolutePath().normalize();
        this.temporary = WorkingFolder.temporaryPuts(this.root);
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String mediaType, Map<String, String> metadata) {
        Path object = path(key);
        KeyRules.requireMetadata(metadata);
        try {
            if (Files.exists(object)) {
                return refuse(object);
            }
            Path written = write(bytes);
            try {
                synchronized (lock(key)) {
                    if (!metadata.isEmpty()) {
                        // Again, now that nobody else can put it: the metadata of an object never changes.
                        if (Files.exists(object)) {
                            return refuse(object);
                        }
                        writeMetadata(key, metadata);
                    }
                    boolean stored = link(written, object);
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
            force(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + " to put it as " + key, e);
        }
        try {
            boolean stored = linkOrCopy(file, object);
            problem = null;
            return stored;
        } catch (IOException e) {
            throw unavailable("write", key, e);
        }
    }

    @Override
    public Optional<byte[]> get(String key) {
        Path object = path(key);
        try {
            return attributes(object) == null ? Optional.empty() : Optional.of(Files.readAllBytes(object));
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
                    : Optional.of(new ObjectHead(attributes.size(), readMetadata(key), etag(attributes)));
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
                // The object first: an object must never be without its metadata.
                if (attributes(object) != null && Files.deleteIfExists(object)) {
                    force(parent(object));
                }
                if (Files.deleteIfExists(metadata)) {
                    force(parent(metadata));
                }
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
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw unavailable("copy", from, e);
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
    public Optional<Path> folder() {
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
            Files.delete(write(new byte[1]));
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

    /** Linking may fail for good reasons (another file system, a file of another user), so a copy is the second try. */
    private boolean linkOrCopy(Path file, Path object) throws IOException {
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

    /** The file's bytes must be on disk already. False if the name is taken. */
    private static boolean link(Path written, Path object) throws IOException {
        makeFolder(parent(object));
        try {
            Files.createLink(object, written);
        } catch (FileAlreadyExistsException e) {
            return refuse(object);
        }
        force(parent(object));
        return true;
    }

    private static boolean refuse(Path object) throws IOException {
        if (Files.isDirectory(object)) {
            throw new FileSystemException(object.toString(), null, "is a folder");
        }
        // The put that made it may not have come so far yet, and the caller may now rely on it.
        force(parent(object));
        return false;
    }

    private Path write(byte[] bytes) throws IOException {
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

    private Path newTemporary() throws IOException {
        makeFolder(temporary);
        return temporary.resolve(UUID.randomUUID().toString());
    }

    /** Replaces what a put that died before its object has left. */
    private void writeMetadata(String key, Map<String, String> metadata) throws IOException {
        Path target = metadataPath(key);
        makeFolder(parent(target));
        Path written = write(JSON.writeValueAsBytes(new TreeMap<>(metadata)));
        try {
            Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(written);
        }
        force(parent(target));
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

    /** Null unless a file is there. */
    private static @Nullable BasicFileAttributes attributes(Path object) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(object, BasicFileAttributes.class);
            return attributes.isRegularFile() ? attributes : null;
        } catch (NoSuchFileException e) {
            return null;
        }
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
    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
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
