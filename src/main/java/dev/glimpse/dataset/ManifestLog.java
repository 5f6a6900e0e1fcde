package dev.glimpse.dataset;

import dev.glimpse.dataset.TableLostException.Fate;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Which version of a table is the newest in the store, and whether the store still has the table that was opened. A manifest's name is
 * no more than the number of a version, which other tables have too, so a version is known by its manifest's bytes. The newest
 * manifest is kept in a local folder; a table in a folder is read in place.
 *
 * <p>One thread at a time may open, catch up and publish; {@link #name}, {@link #version} and {@link #standing} are for any thread.
 */
final class ManifestLog {
    static final String VERSIONS = "_versions/";

    private static final String PART = ".part";

    private final ObjectStore store;
    private final String prefix;
    private final Path folder;
    private final boolean inPlace;
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

    /** Since it was known that no version comes after the newest one. */
    private Elapsed confirmed = Elapsed.NEVER;

    /** Since the newest manifest was seen in the store with its bytes. */
    private Elapsed seen = Elapsed.NEVER;

    private Elapsed listed = Elapsed.NEVER;

    /**
     * @param prefix key of the table in the store, ending in {@code /}
     * @param folder of the table, or of its local copy
     * @param inPlace whether the folder is the store's own
     */
    ManifestLog(ObjectStore store, String prefix, Path folder, boolean inPlace, TableTimings timing) {
        this.store = store;
        this.prefix = prefix;
        this.folder = folder;
        this.inPlace = inPlace;
        this.timing = timing;
    }

    /** File name of the newest manifest that is known; empty if there is no table. */
    String name() {
        return newest.name;
    }

    /** The newest version that is known; 0 if there is no table. */
    long version() {
        return ManifestName.version(newest.name).orElse(0L);
    }

    // ---- opening

    /** File names of all manifests in the store. One listing. */
    List<String> list() {
        List<String> names = store.list(prefix + VERSIONS).stream()
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .filter(name -> ManifestName.version(name).isPresent())
                .toList();
        listed = Elapsed.started();
        return names;
    }

    /** Reads this manifest from the store, and takes it for the newest from now on. */
    void moveTo(String name) throws IOException {
        Elapsed asked = Elapsed.started();
        byte[] bytes;
        if (inPlace) {
            bytes = Files.readAllBytes(folder.resolve(VERSIONS + name));
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
        return new IOException("manifest " + store.address(key(name)) + " vanished while it was read");
    }

    private void keep(String name, byte[] bytes) throws IOException {
        Path target = folder.resolve(VERSIONS + name);
        Files.createDirectories(target.getParent());
        Path part = target.resolveSibling(name + PART);
        Files.write(part, bytes);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Takes a manifest of the local copy for the newest, since the store does not answer. */
    void beginWithCopy(String name) throws IOException {
        newest = new Newest(name, md5(Files.readAllBytes(folder.resolve(VERSIONS + name))));
        etag = "";
    }

    // ---- is it still this table?

    /** How the store's manifest compares with one that is known here. */
    enum Standing {
        /** The bytes are the same. */
        SAME,
        /** The store has no manifest of this name. */
        MISSING,
        /** The bytes are others: it is a version of another table, or of another history of this one. */
        OTHER
    }

    /** Compares the newest manifest with the store's. One HEAD, and a GET where the ETag does not tell. */
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
        return compare(name, md5(Files.readAllBytes(folder.resolve(VERSIONS + name))), "", found -> {});
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

    // ---- catching up

    /**
     * Takes over what other writers have committed since: asks for the next manifest by its name, which is known. After a
     * pause, in which that name may have come and gone, and now and then in any case, a listing tells.
     *
     * @throws TableLostException if the store has this table no more, or nobody can tell
     */
    void catchUp() throws IOException {
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

    /** Makes {@link #catchUp} begin with a listing, the next time. */
    void doubt() {
        confirmed = Elapsed.NEVER;
    }

    private void findNewest() throws IOException {
        Elapsed asked = Elapsed.started();
        List<String> names = list();
        String last = ManifestName.newest(names)
                .orElseThrow(
                        () -> new TableLostException(Fate.GONE, address() + " is gone: it has no version any more"));
        long found = ManifestName.version(last).orElse(0L);
        if (found < version()) {
            throw new TableLostException(
                    Fate.REPLACED, address() + " was replaced: it was at version " + version() + " and is at " + found);
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
                        Fate.REPLACED, address() + " was replaced: its version " + version() + " is another one");
            case MISSING -> throw missing();
        }
    }

    private TableLostException missing() {
        return ManifestName.newest(list())
                .map(last -> ManifestName.version(last).orElse(0L) < version()
                        ? new TableLostException(
                                Fate.REPLACED, address() + " was replaced: its version " + version() + " is not there")
                        : new TableLostException(Fate.MOVED_ON, address() + " keeps version " + version() + " no more"))
                .orElseGet(() -> new TableLostException(Fate.GONE, address() + " is gone: it has no version any more"));
    }

    private boolean isThere(String name) {
        return store.head(key(name)).isPresent();
    }

    // ---- own versions

    /** This version was committed by this server, with these bytes, by a put that began at that time. */
    void published(String name, byte[] manifest, Elapsed put) {
        newest = new Newest(name, md5(manifest));
        etag = "";
        confirmed = put;
        seen = put;
    }

    private String key(String name) {
        return prefix + VERSIONS + name;
    }

    private String address() {
        return store.address(prefix.substring(0, prefix.length() - 1));
    }

    /** As buckets compute an ETag, so that most of the time a HEAD is enough to compare with. */
    private static String md5(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has MD5", e);
        }
    }
}
