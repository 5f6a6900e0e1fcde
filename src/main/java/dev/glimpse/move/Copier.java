package dev.glimpse.move;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Copies the parts of a store. The hash of each picture is compared with its name when it is read, and the hash of all that was put with what
 * was read. Done twice it goes on where it was interrupted: what the target has is not copied again.
 */
final class Copier implements AutoCloseable {
    /** What the target remembers of the last copy of the table. */
    private static final String COPY = "vectors/images.copy";

    private static final String OTHER_MEDIA_TYPE = "application/octet-stream";
    private static final Duration WITHIN = Duration.ofMinutes(1);

    /** While the table is copied, a server may take away files of old versions, and write new ones. */
    private static final int TABLE_TRIES = 5;

    /** After so many failures in a row there is no hope for the others. */
    private static final int HOPELESS = 20;

    private final ObjectStore from;
    private final ObjectStore to;
    private final Path temporary;
    private final Tally tally;
    private final ThreadPoolExecutor threads;
    private final int memoryKilobytes =
            (int) Math.min(Integer.MAX_VALUE, Runtime.getRuntime().maxMemory() / 1024 / 3);
    private final Semaphore memory = new Semaphore(memoryKilobytes);
    private final AtomicInteger failuresInARow = new AtomicInteger();

    /**
     * @param temporary folder for files of the table
     * @param jobs objects that are copied at the same time
     */
    Copier(ObjectStore from, ObjectStore to, Path temporary, Tally tally, int jobs) {
        this.from = from;
        this.to = to;
        this.temporary = temporary;
        this.tally = tally;
        threads = new ThreadPoolExecutor(
                jobs,
                jobs,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(jobs),
                new ThreadPoolExecutor.CallerRunsPolicy());
    }

    /** @throws CopyFailedException if it cannot be done for a reason that more tries do not change */
    void copy(Part part) {
        if (part == Part.TABLE) {
            copyTable();
            return;
        }
        Difference difference = Difference.of(from, to, part);
        tally.found(difference);
        copyObjects(part, difference);
        if (part.hasMetadata()) {
            forEach(difference.common(), key -> key, key -> describe(part, key));
        }
        if (part != Part.PICTURES && tally.failures().isEmpty()) {
            difference.extra().forEach(to::delete);
        }
    }

    private void copyObjects(Part part, Difference difference) {
        Set<Listed> differing = new HashSet<>(difference.differing());
        forEach(difference.toCopy(), Listed::key, object -> copyObject(part, object, differing.contains(object)));
    }

    /** Takes away pictures of the target that were deleted in the source, and lie in the trash of both. */
    void removeDeleted() {
        Set<String> deleted = new HashSet<>();
        for (String key : Difference.of(from, to, Part.TRASH).common()) {
            deleted.add(
                    Part.PICTURES.prefix() + key.substring(Part.TRASH.prefix().length()));
        }
        for (String key : Difference.of(from, to, Part.PICTURES).extra()) {
            if (deleted.contains(key)) {
                to.delete(key);
                tally.removed();
            } else {
                tally.alone();
            }
        }
    }

    private boolean copyObject(Part part, Listed object, boolean isTaken) {
        // What was read, and what is read back.
        int held = (int) Math.min(memoryKilobytes, 2 * object.bytes() / 1024 + 1);
        memory.acquireUninterruptibly(held);
        try {
            return copyInMemory(part, object.key(), isTaken);
        } finally {
            memory.release(held);
        }
    }

    private boolean copyInMemory(Part part, String key, boolean isTaken) {
        Optional<ObjectHead> head = from.head(key);
        Optional<byte[]> bytes = from.get(key);
        if (head.isEmpty() || bytes.isEmpty()) {
            return false;
        }
        byte[] read = bytes.get();
        if (!part.picture(key).map(id -> id.sha256().equals(hash(read))).orElse(true)) {
            throw new CopyFailedException("the bytes in the source are not those that its name stands for");
        }
        if (isTaken) {
            to.delete(key);
        }
        to.putIfAbsent(key, read, mediaType(part, key), head.get().metadata());
        if (!Arrays.equals(read, to.get(key).orElse(null))) {
            throw new CopyFailedException("the target gives other bytes than it was given");
        }
        tally.copied(read.length);
        return true;
    }

    private static String mediaType(Part part, String key) {
        return part.picture(key).map(id -> id.format().mediaType()).orElse(OTHER_MEDIA_TYPE);
    }

    /** What was said of a picture may have changed since it was copied. */
    private boolean describe(Part part, String key) {
        Optional<ObjectHead> source = from.head(key);
        Optional<ObjectHead> target = to.head(key);
        if (source.isEmpty() || target.isEmpty()) {
            return false;
        }
        if (!source.get().metadata().equals(target.get().metadata())) {
            if (!to.replaceMetadata(
                    key, target.get().etag(), mediaType(part, key), source.get().metadata(), WITHIN)) {
                throw new CopyFailedException("it changed in the target meanwhile");
            }
            tally.described();
        }
        return true;
    }

    /** A table is not copied without all its pictures. */
    private void copyTable() {
        for (int tries = 1; tries <= TABLE_TRIES && tally.failures().isEmpty(); tries++) {
            Difference difference = Difference.of(from, to, Part.TABLE);
            requireSameTable(difference);
            if (tries == 1) {
                tally.found(difference);
            }
            Set<Listed> differing = new HashSet<>(difference.differing());
            AtomicBoolean hasGone = new AtomicBoolean();
            forEach(
                    difference.toCopy().stream()
                            .filter(object -> !isManifest(object.key()))
                            .toList(),
                    Listed::key,
                    object -> {
                        boolean isThere = copyFile(object.key(), differing.contains(object));
                        if (!isThere) {
                            hasGone.set(true);
                        }
                        return isThere;
                    });
            if (!hasGone.get() && tally.failures().isEmpty()) {
                // Rows that came since the pictures were listed have pictures that did.
                copyObjects(Part.PICTURES, Difference.of(from, to, Part.PICTURES));
                copyManifests(difference);
                return;
            }
        }
        if (tally.failures().isEmpty()) {
            throw new CopyFailedException(
                    "The table changes faster than it is copied. Stop the server of the source, or try again when it has less to do.");
        }
    }

    private void copyManifests(Difference difference) {
        if (!tally.failures().isEmpty()) {
            return;
        }
        // The name of a newer version comes first. Whatever interrupts this, each version that is there has all its
        // files.
        difference.toCopy().stream()
                .filter(object -> isManifest(object.key()))
                .sorted(Comparator.comparing(Listed::key).reversed())
                .forEach(manifest -> attempt(manifest.key(), () -> copyFile(manifest.key(), false)));
        if (tally.failures().isEmpty()) {
            remember();
            difference.extra().stream()
                    .sorted(Comparator.comparing(key -> isManifest(key) ? 0 : 1))
                    .forEach(to::delete);
        }
    }

    private static boolean isManifest(String key) {
        return key.startsWith(Part.MANIFESTS);
    }

    /** Notes down in the target which version it has now, so that a later copy sees whether a server has written to it. */
    private void remember() {
        newest(to.list(Part.MANIFESTS).stream()).ifPresent(key -> {
            to.delete(COPY);
            to.putIfAbsent(COPY, version(key), OTHER_MEDIA_TYPE, Map.of());
        });
    }

    /** Names a version of the target's table and what it consists of. */
    private byte[] version(String manifest) {
        String hash = to.get(manifest).map(Copier::hash).orElse("");
        return (manifest + " " + hash).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * The target may have the table of the source, as it was before, and no other.
     *
     * @param difference of the tables
     * @throws CopyFailedException if it has another one, or one that was written to since
     */
    void requireSameTable(Difference difference) {
        Optional<String> target = newest(Stream.of(
                        difference.common(),
                        difference.extra(),
                        difference.differing().stream().map(Listed::key).toList())
                .flatMap(Collection::stream));
        if (target.isEmpty()) {
            return;
        }
        String move = " Choose a target without a table, or take away " + MoveCommand.name(to, ImageDataset.KEY)
                + ": its rows can be derived from its pictures.";
        byte[] manifest = to.get(target.get()).orElse(new byte[0]);
        Optional<String> targetTable = TableStamp.idIn(manifest);
        Optional<String> sourceTable = newest(
                        Stream.concat(difference.toCopy().stream().map(Listed::key), difference.common().stream()))
                .flatMap(from::get)
                .flatMap(TableStamp::idIn);
        if (!sourceTable.equals(targetTable)) {
            throw new CopyFailedException("The table of the target is not a copy of that of the source." + move);
        }
        boolean isOfSource = from.get(target.get())
                .filter(bytes -> Arrays.equals(bytes, manifest))
                .isPresent();
        boolean isAsLeft = to.get(COPY)
                .filter(left -> Arrays.equals(left, version(target.get())))
                .isPresent();
        if (!isOfSource && !isAsLeft) {
            throw new CopyFailedException(
                    "A server has written to the table of the target since it was copied." + move);
        }
    }

    private static Optional<String> newest(Stream<String> keys) {
        return keys.filter(Copier::isManifest).min(Comparator.naturalOrder());
    }

    /** @return false if the source does not have it any more */
    private boolean copyFile(String key, boolean isTaken) {
        @Nullable Path copy = null;
        @Nullable Path back = null;
        try {
            copy = Files.createTempFile(temporary, "copy", ".lance");
            back = Files.createTempFile(temporary, "back", ".lance");
            if (!from.download(key, copy)) {
                return false;
            }
            String hash = hash(copy);
            if (isTaken) {
                to.delete(key);
            }
            to.putIfAbsent(key, copy);
            if (!to.download(key, back) || !hash(back).equals(hash)) {
                throw new CopyFailedException("the target gives other bytes than it was given");
            }
            tally.copied(Files.size(back));
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            remove(copy);
            remove(back);
        }
    }

    private static void remove(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Step {
        /** @return false if the source does not have the object any more */
        boolean run();
    }

    private <T> void forEach(List<T> objects, Function<T, String> key, Predicate<T> work) {
        Semaphore ended = new Semaphore(0);
        for (T object : objects) {
            threads.execute(() -> {
                try {
                    attempt(key.apply(object), () -> work.test(object));
                } finally {
                    ended.release();
                }
            });
        }
        ended.acquireUninterruptibly(objects.size());
        if (failuresInARow.get() >= HOPELESS) {
            throw new CopyFailedException("Too many objects in a row could not be copied: "
                    + tally.failures().get(tally.failures().size() - 1));
        }
    }

    private void attempt(String key, Step step) {
        if (failuresInARow.get() >= HOPELESS) {
            return;
        }
        try {
            if (!step.run()) {
                tally.gone();
            }
            failuresInARow.set(0);
        } catch (RuntimeException | OutOfMemoryError e) {
            failuresInARow.incrementAndGet();
            tally.failed(key + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()));
        }
    }

    private static String hash(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
