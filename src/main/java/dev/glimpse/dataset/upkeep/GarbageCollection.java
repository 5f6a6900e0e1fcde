package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.replica.VersionPublisher;
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
 * Garbage collection of versions: removes versions that are older than the retention, and the files that only they had. One listing; two
 * manifests are read. Safe while other servers commit, or collect garbage too.
 *
 * <p>Which files are garbage? A file that a version does not have any more never comes back in a later one. And no later version can have
 * a new file that was put before {@link VersionPublisher#earliestPut}. So a file is garbage if it is older than that, counted from the
 * oldest version that is kept, and neither this version nor the newest one names it. All times are by the store's clock.
 */
public final class GarbageCollection {
    /** Allowance for clocks of stores, which count whole seconds. */
    public static final Duration ROUNDING = Duration.ofSeconds(5);

    private final ObjectStore store;
    private final String prefix;
    private final Replica replica;
    private final Duration retention;
    private final int mostVersions;
    private final TableTimings timing;

    /**
     * @param prefix key of the table, ending in {@code /}
     * @param retention how long a version is kept after the next one was committed
     * @param mostVersions of more versions than this, the oldest are removed before their retention is over
     */
    public GarbageCollection(
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
     * What a run has done.
     *
     * @param versions that were removed
     * @param files that were removed, without manifests
     * @param oldest version that is left
     */
    public record Removed(int versions, int files, long oldest) {}

    /** Removes what is garbage now. */
    public Removed run() throws IOException {
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
        Set<String> named = new HashSet<>(replica.files().filesOf(oldest).keySet());
        named.addAll(replica.files().filesOf(versions.lastKey()).keySet());
        // The oldest version goes first: a server that has slept looks for the version that it knew, to see whether it
        // was overtaken.
        List<Listed> old = List.copyOf(versions.headMap(oldest).values());
        old.forEach(manifest -> store.delete(manifest.key()));
        Instant committed =
                versions.tailMap(oldest, true).firstEntry().getValue().lastModified();
        Instant before = replica.publisher().earliestPut(committed).minus(ROUNDING);
        List<Listed> orphans = files.stream()
                .filter(file -> file.lastModified().isBefore(before))
                .filter(file -> !named.contains(file.key().substring(prefix.length())))
                .toList();
        orphans.forEach(file -> store.delete(file.key()));
        return new Removed(old.size(), orphans.size(), oldest);
    }

    /** The oldest version to keep. The retention of a version begins when the next one is committed. */
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
        return name.startsWith(TableLocation.VERSIONS)
                ? ManifestName.version(name.substring(TableLocation.VERSIONS.length()))
                : Optional.empty();
    }
}
