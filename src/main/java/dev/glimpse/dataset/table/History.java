package dev.glimpse.dataset.table;

import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.dataset.lance.SnapshotManager;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Versions of the table that are kept, opened when somebody asks for them. Safe to share between threads. */
public final class History implements AutoCloseable {
    /** Versions that stay open: some handles and a little of Lance's caches each. */
    private static final int OPEN = 4;

    private final ObjectStore store;
    private final String prefix;
    private final SnapshotManager snapshots;

    /** The ones used last are at the end. Guarded by itself. */
    private final Map<Long, Snapshot> open = new LinkedHashMap<>(OPEN, 0.75f, true);

    /** @param prefix key of the table, ending in {@code /} */
    History(ObjectStore store, String prefix, SnapshotManager snapshots) {
        this.store = store;
        this.prefix = prefix;
        this.snapshots = snapshots;
    }

    /** All that are kept, and when they were committed by the store's clock. One listing. */
    public NavigableMap<Long, Instant> versions() {
        NavigableMap<Long, Instant> versions = new TreeMap<>();
        String manifests = prefix + TableLocation.VERSIONS;
        store.list(
                manifests,
                object -> ManifestName.version(object.key().substring(manifests.length()))
                        .ifPresent(version -> versions.put(version, object.lastModified())));
        return versions;
    }

    /** The version that was the newest then; empty if it is not kept any more. */
    Optional<Long> newestAt(Instant time) {
        return versions().entrySet().stream()
                .filter(version -> !version.getValue().isAfter(time))
                .map(Map.Entry::getKey)
                .max(Long::compare);
    }

    /**
     * Reads a version, of a bucket's table in the bucket.
     *
     * @throws VersionNotFoundException if it is not there, or not any more
     */
    <T> T read(long version, SnapshotManager.Reading<T> reading) throws IOException {
        Snapshot snapshot = acquire(version);
        try {
            return reading.from(snapshot);
        } finally {
            snapshot.release();
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
        if (store.head(prefix + TableLocation.VERSIONS + ManifestName.of(version))
                .isEmpty()) {
            NavigableMap<Long, Instant> kept = versions();
            throw new VersionNotFoundException("there is no version " + version + " of the table"
                    + (kept.isEmpty() ? "" : "; kept are " + kept.firstKey() + " to " + kept.lastKey()));
        }
        return snapshots.open(version);
    }

    /** To be called once, after the last read. */
    @Override
    public void close() {
        synchronized (open) {
            open.values().forEach(Snapshot::release);
            open.clear();
        }
    }
}
