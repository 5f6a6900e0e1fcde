package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Removes versions that are older than the retention, and the files that only they had. One listing, and two manifests read.
 *
 * <p>Which files? A version's new files are put when the version before it is in the store, or little earlier, and a file that a
 * version has let go never comes back. So a file that is older by more than that than the oldest version kept, and that this
 * version does not name, is named by none: neither by a later one nor by one whose commit is still under way. All times are the
 * store's.
 */
final class GarbageCollection {
    /** The store tells whole seconds. */
    static final Duration ROUNDING = Duration.ofSeconds(5);

    private final ObjectStore store;
    private final String prefix;
    private final Replica replica;
    private final Duration retention;
    private final int mostVersions;
    private final TableTimings timing;

    /**
     * @param prefix key of the table, ending in {@code /}
     * @param mostVersions of which there may be so many, the older ones go before the retention is over
     */
    GarbageCollection(
            ObjectStore store,
            String prefix,
            Replica replica,
            Duration retention,
            int mostVersions,
            TableTimings timing) {
        this.store = store;
        this.prefix = prefix;
        this.replica = replica;
        this.retention = retention;
        this.mostVersions = mostVersions;
        this.timing = timing;
    }

    /**
     * What was done.
     *
     * @param oldest version that is there still
     */
    record Removed(int versions, int files, long oldest) {}

    Removed run() throws IOException {
        NavigableMap<Long, Listed> versions = new TreeMap<>();
        List<Listed> files = new ArrayList<>();
        Instant now = store.list(prefix, object -> {
            Optional<Long> version = versionOf(object.key());
            if (version.isPresent()) {
                versions.put(version.get(), object);
            } else {
                files.add(object);
            }
        });
        if (versions.isEmpty()) {
            return new Removed(0, 0, 0);
        }
        long oldest = oldestToKeep(versions, now);
        Set<String> named = new HashSet<>(replica.filesOf(oldest).keySet());
        named.addAll(replica.filesOf(versions.lastKey()).keySet());
        // From the oldest on: a server that sleeps looks for the version it knew to see whether it was overtaken.
        List<Listed> old = List.copyOf(versions.headMap(oldest).values());
        old.forEach(manifest -> store.delete(manifest.key()));
        Instant before = versions.tailMap(oldest, true)
                .firstEntry()
                .getValue()
                .lastModified()
                .minus(timing.shipped())
                .minus(ROUNDING);
        List<Listed> orphans = files.stream()
                .filter(file -> file.lastModified().isBefore(before))
                .filter(file -> !named.contains(file.key().substring(prefix.length())))
                .toList();
        orphans.forEach(file -> store.delete(file.key()));
        return new Removed(old.size(), orphans.size(), oldest);
    }

    /** A version was the newest until the next one came, and is kept for the retention from then on. */
    private long oldestToKeep(NavigableMap<Long, Listed> versions, Instant now) {
        long oldest = versions.firstKey();
        int left = versions.size();
        for (Map.Entry<Long, Listed> next : versions.tailMap(oldest, false).entrySet()) {
            Duration replaced = Duration.between(next.getValue().lastModified(), now);
            boolean tooMany = left > mostVersions && replaced.compareTo(timing.youngest()) >= 0;
            if (!tooMany && (replaced.compareTo(retention) < 0 || replaced.compareTo(timing.youngest()) < 0)) {
                break;
            }
            oldest = next.getKey();
            left--;
        }
        return oldest;
    }

    private Optional<Long> versionOf(String key) {
        String name = key.substring(prefix.length());
        return name.startsWith(ManifestLog.VERSIONS)
                ? ManifestName.version(name.substring(ManifestLog.VERSIONS.length()))
                : Optional.empty();
    }
}
