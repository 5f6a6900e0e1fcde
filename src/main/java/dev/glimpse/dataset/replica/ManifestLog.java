package dev.glimpse.dataset.replica;

import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableLostException.Fate;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Knows which version of the table is the newest in the store, and whether the store still has the table that was opened. The name of a
 * manifest is only the number of a version, which other tables have too. So a version is identified by the bytes of its manifest. The
 * newest manifest is kept in the local folder; a table in a folder is read in place.
 *
 * <p>Only one thread at a time may open, catch up and publish. Any thread may call {@link #name}, {@link #version} and {@link #standing}.
 */
public final class ManifestLog {
    private final TableLocation table;
    private final ObjectStore store;
    private final TableTimings timing;

    /**
     * The newest manifest that is known.
     *
     * @param name of the file; empty if there is no table
     * @param md5 of its bytes as they were read or written here, in hex digits
     */
    private record Newest(String name, String md5) {
        static final Newest NONE = new Newest("", "");
    }

    private volatile Newest newest = Newest.NONE;

    /** The ETag with which the store was seen to have the newest manifest; empty if nobody has looked yet. */
    private volatile String etag = "";

    /** Time since no version came after the newest one, as far as it was known. */
    private Elapsed confirmed = Elapsed.NEVER;

    /** Time since the newest manifest was seen in the store with its bytes. */
    private Elapsed seen = Elapsed.NEVER;

    /** Time since the last listing of the manifests. */
    private Elapsed listed = Elapsed.NEVER;

    ManifestLog(TableLocation table, TableTimings timing) {
        this.table = table;
        this.store = table.store();
        this.timing = timing;
    }

    /** File name of the newest manifest that is known; empty if there is no table. */
    public String name() {
        return newest.name;
    }

    /** The newest version that is known; 0 if there is no table. */
    long version() {
        return ManifestName.version(newest.name).orElse(0L);
    }

    // ---- opening

    /** File names of all manifests in the store. One listing. */
    List<String> list() {
        List<String> names = store.list(table.key(TableLocation.VERSIONS)).stream()
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .filter(name -> ManifestName.version(name).isPresent())
                .toList();
        listed = Elapsed.started();
        return names;
    }

    /** Reads this manifest from the store. It is the newest from now on. */
    void moveTo(String name) throws IOException {
        Elapsed asked = Elapsed.started();
        byte[] bytes;
        if (table.inPlace()) {
            bytes = Files.readAllBytes(path(name));
        } else {
            bytes = store.get(key(name)).orElseThrow(() -> vanished(name));
            keep(name, bytes);
        }
        newest = new Newest(name, md5(bytes));
        etag = "";
        confirmed = asked;
        seen = asked;
    }

    private IOException vanished(String name) {
        return new IOException(
                "manifest " + table.address(TableLocation.VERSIONS + name) + " vanished while it was read");
    }

    private void keep(String name, byte[] bytes) throws IOException {
        Path target = path(name);
        Files.createDirectories(target.getParent());
        Path part = target.resolveSibling(name + LocalTableFiles.PART);
        Files.write(part, bytes);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Makes a manifest of the local copy the newest, because the store does not answer. */
    void beginWithCopy(String name) throws IOException {
        newest = new Newest(name, md5(Files.readAllBytes(path(name))));
        etag = "";
    }

    // ---- is it still this table?

    /** How the store's manifest compares with one that is known here. */
    enum Standing {
        /** The bytes are the same. */
        SAME,
        /** The store has no manifest of this name. */
        MISSING,
        /** The bytes differ: it is a version of another table, or of another history of this table. */
        OTHER
    }

    /** Compares the newest manifest with the store's. One HEAD, and one GET if the ETag does not tell. */
    Standing standing() {
        Newest known = newest;
        if (known.name.isEmpty()) {
            return Standing.SAME;
        }
        String trusted = etag;
        return compare(known.name, known.md5, trusted, found -> {
            if (newest.equals(known)) {
                etag = found;
            }
        });
    }

    /** Compares a manifest of the local copy with the store's. */
    Standing standingOf(String name) throws IOException {
        return compare(name, md5(Files.readAllBytes(path(name))), "", found -> {});
    }

    private interface Learned {
        void etag(String found);
    }

    private Standing compare(String name, String md5, String trusted, Learned learned) {
        Optional<ObjectHead> head = store.head(key(name));
        if (head.isEmpty()) {
            return Standing.MISSING;
        }
        String found = head.get().etag();
        if (!found.equals(trusted) && !found.equals(md5)) {
            Optional<byte[]> bytes = store.get(key(name));
            if (bytes.isEmpty()) {
                return Standing.MISSING;
            }
            if (!md5(bytes.get()).equals(md5)) {
                return Standing.OTHER;
            }
        }
        learned.etag(found);
        return Standing.SAME;
    }

    /** A digest of the bytes of this manifest, which is read here if it is here, else in the store. Empty if it is in neither. */
    Optional<String> digestOf(String name) throws IOException {
        try {
            return Optional.of(md5(Files.readAllBytes(path(name))));
        } catch (NoSuchFileException e) {
            return table.inPlace() ? Optional.empty() : store.get(key(name)).map(ManifestLog::md5);
        }
    }

    // ---- catching up

    /**
     * Finds the newest version, which other writers may have committed. Asks for the next manifest by its name. After a pause, that name
     * may have been taken and given free again; then, and every {@link TableTimings#listing}, a listing tells.
     *
     * @throws TableLostException if the store does not have this table any more, or it cannot be told
     */
    public void catchUp() throws IOException {
        if (confirmed.isOver(timing.certain()) || listed.isOver(timing.listing())) {
            findNewest();
            return;
        }
        boolean same = false;
        if (seen.isOver(timing.identity())) {
            requireSame();
            same = true;
        }
        Elapsed asked = Elapsed.started();
        long next = version() + 1;
        while (isThere(ManifestName.of(next))) {
            next++;
        }
        if (next - 1 > version()) {
            if (!same) {
                requireSame();
            }
            moveTo(ManifestName.of(next - 1));
        }
        confirmed = asked;
    }

    /** Makes the next {@link #catchUp} begin with a listing. */
    public void doubt() {
        confirmed = Elapsed.NEVER;
    }

    private void findNewest() throws IOException {
        Elapsed asked = Elapsed.started();
        List<String> names = list();
        String last = ManifestName.newest(names)
                .orElseThrow(() ->
                        new TableLostException(Fate.GONE, table.address() + " is gone: it has no version any more"));
        long found = ManifestName.version(last).orElse(0L);
        if (found < version()) {
            throw new TableLostException(
                    Fate.REPLACED,
                    table.address() + " was replaced: it was at version " + version() + " and is at " + found);
        }
        requireSame();
        if (!last.equals(name())) {
            moveTo(last);
        }
        confirmed = asked;
    }

    private void requireSame() {
        Elapsed asked = Elapsed.started();
        switch (standing()) {
            case SAME -> seen = asked;
            case OTHER ->
                throw new TableLostException(
                        Fate.REPLACED, table.address() + " was replaced: its version " + version() + " is another one");
            case MISSING -> throw missing();
        }
    }

    private TableLostException missing() {
        return ManifestName.newest(list())
                .map(last -> ManifestName.version(last).orElse(0L) < version()
                        ? new TableLostException(
                                Fate.REPLACED,
                                table.address() + " was replaced: its version " + version() + " is not there")
                        : new TableLostException(
                                Fate.MOVED_ON, table.address() + " keeps version " + version() + " no more"))
                .orElseGet(() ->
                        new TableLostException(Fate.GONE, table.address() + " is gone: it has no version any more"));
    }

    private boolean isThere(String name) {
        return store.head(key(name)).isPresent();
    }

    // ---- own versions

    /**
     * Takes note that this server has committed a version.
     *
     * @param manifest bytes of its manifest
     * @param put time since the put of the manifest began
     */
    void published(String name, byte[] manifest, Elapsed put) {
        newest = new Newest(name, md5(manifest));
        etag = "";
        confirmed = put;
        seen = put;
    }

    private String key(String name) {
        return table.key(TableLocation.VERSIONS + name);
    }

    private Path path(String name) {
        return table.path(TableLocation.VERSIONS + name);
    }

    /** Computes what most buckets give as ETag, so that a HEAD is usually enough to compare. */
    private static String md5(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has MD5", e);
        }
    }
}
