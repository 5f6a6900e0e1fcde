package dev.glimpse.dataset.table;

import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.dataset.lance.SnapshotManager;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Opens earlier versions of the table that are still kept, when somebody asks for them. Safe for use by several threads. */
public final class History implements AutoCloseable {
    /** The most versions that stay open. Each has some file handles and a little of Lance's caches. */
    private static final int OPEN = 4;

    private final ObjectStore store;
    private final String prefix;
    private final SnapshotManager snapshots;

    /** Open versions; those that were used last are at the end. Guarded by itself. */
    private final Map<Long, Snapshot> open = new LinkedHashMap<>(OPEN, 0.75f, true);

    /** @param prefix key of the table, ending in {@code /} */
    History(ObjectStore store, String prefix, SnapshotManager snapshots) {
        this.store = store;
        this.prefix = prefix;
        this.snapshots = snapshots;
    }

    /** All versions that are kept, with the times of their commits by the clock of the store. Costs one listing. */
    public NavigableMap<Long, Instant> versions() {
        NavigableMap<Long, Instant> versions = new TreeMap<>();
        String manifests = prefix + TableLocation.VERSIONS;
        store.list(
                manifests,
                object -> ManifestName.version(object.key().substring(manifests.length()))
                        .ifPresent(version -> versions.put(version, object.lastModified())));
        return versions;
    }

    /** The version that was the newest at this time. Empty if it is not kept any more. */
    Optional<Long> newestAt(Instant time) {
        return versions().entrySet().stream()
                .filter(version -> !version.getValue().isAfter(time))
                .map(Map.Entry::getKey)
                .max(Long::compare);
    }

    /**
     * Reads a version. If the table is in a bucket, the version is read there.
     *
     * @throws VersionNotFoundException if there is no such version, or it is not kept any more
     * @throws StoreUnavailableException if it cannot be read, though it is kept
     */
    <T> T read(long version, SnapshotManager.Reading<T> reading) {
        Snapshot snapshot = acquire(version);
        try {
            return reading.from(snapshot);
        } catch (TableBusyException | ForeignTableException | VersionNotFoundException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            forget(version);
            requireKept(version);
            throw new StoreUnavailableException("version " + version + " of the table cannot be read", e);
        } finally {
            snapshot.release();
        }
    }

    private void forget(long version) {
        synchronized (open) {
            Optional.ofNullable(open.remove(version)).ifPresent(Snapshot::release);
        }
    }

    private Snapshot acquire(long version) {
        synchronized (open) {
            Snapshot snapshot = open.get(version);
            if (snapshot == null) {
                snapshot = openVersion(version);
                open.put(version, snapshot);
                if (open.size() > OPEN) {
                    Long oldest = open.keySet().iterator().next();
                    Optional.ofNullable(open.remove(oldest)).ifPresent(Snapshot::release);
                }
            }
            if (!snapshot.acquire()) {
                throw new TableBusyException("the table is closed");
            }
            return snapshot;
        }
    }

    private Snapshot openVersion(long version) {
        requireKept(version);
        try {
            return snapshots.open(version);
        } catch (RuntimeException e) {
            // Its files may have gone just now.
            requireKept(version);
            throw new StoreUnavailableException("version " + version + " of the table cannot be opened", e);
        }
    }

    private void requireKept(long version) {
        if (store.head(prefix + TableLocation.VERSIONS + ManifestName.of(version))
                .isEmpty()) {
            NavigableMap<Long, Instant> kept = versions();
            throw new VersionNotFoundException("there is no version " + version + " of the table"
                    + (kept.isEmpty() ? "" : "; kept are " + kept.firstKey() + " to " + kept.lastKey()));
        }
    }

    /** Closes all open versions. Call this once, after the last read. */
    @Override
    public void close() {
        synchronized (open) {
            open.values().forEach(Snapshot::release);
            open.clear();
        }
    }
}
