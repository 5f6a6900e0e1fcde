package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Decides which of several servers does a kind of work on the table. It only saves them from doing the same work twice. If two servers do it at the same
 * time, the commits make sure that nothing goes wrong. For one thread.
 */
public final class MaintenanceLease {
    public static final String KEY = "lease/maintenance";

    /** The key of the lease that one server holds while it fills a column of vectors. */
    public static final String FILL_KEY = "lease/models";

    /** The key of the lease that a bulk job holds from its begin to its end. */
    public static final String BULK_KEY = "lease/bulk";

    /** The key of the lease that one server holds while it follows pictures that lie under names of their own. */
    public static final String SOURCES_KEY = "lease/sources";

    private final ObjectStore store;
    private final String key;
    private final Duration longest;
    private final Elapsed.Clocks clocks;
    private final byte[] owner;
    private Elapsed taken;
    private Elapsed refused;
    private Elapsed left;

    /**
     * @param work folder that keeps the name of this server, so that after a restart it still has the lease that it had before
     * @param longest see {@link TableTimings#lease}
     * @param clocks of this server; how old the lease of another one is, the store's clock tells
     */
    public MaintenanceLease(ObjectStore store, Path work, Duration longest, Elapsed.Clocks clocks) throws IOException {
        this(store, KEY, work, longest, clocks);
    }

    /** @param key of the lease in the store, which names the kind of work */
    public MaintenanceLease(ObjectStore store, String key, Path work, Duration longest, Elapsed.Clocks clocks)
            throws IOException {
        this.store = store;
        this.key = key;
        this.longest = longest;
        this.clocks = clocks;
        this.taken = clocks.never();
        this.refused = clocks.never();
        this.left = clocks.never();
        Path file = work.resolve("lease-owner");
        if (!Files.exists(file)) {
            Files.createDirectories(work);
            Files.writeString(file, UUID.randomUUID().toString());
        }
        this.owner = Files.readString(file).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Tries to take the lease, and says whether this server has it. If so, call {@link #keep} from time to time and {@link #release} at the
     * end. After a no, the bucket is not asked again for a while unless it is urgent, because asking costs up to two class A requests.
     */
    public boolean take(boolean urgent) {
        Duration pause = longest.dividedBy(4);
        if (!left.isOver(pause) || !(urgent || refused.isOver(pause))) {
            return false;
        }
        boolean mine = put() || isMine() || (isOverdue() && replace());
        if (mine) {
            taken = clocks.started();
        } else {
            refused = clocks.started();
        }
        return mine;
    }

    /** Does not take the lease for a while. Another server may succeed where this one has failed, for example because of its own uploads. */
    void leaveToOthers() {
        left = clocks.started();
    }

    /**
     * Tells the other servers that this server, which has the lease, is alive. Asks the bucket nothing most of the time.
     *
     * @return false if another server has taken it, because this one was too slow
     */
    public boolean keep() {
        if (!taken.isOver(longest.dividedBy(3))) {
            return true;
        }
        if (!isMine() || !replace()) {
            return false;
        }
        taken = clocks.started();
        return true;
    }

    private boolean put() {
        return store.putIfAbsent(key, owner, "text/plain", Map.of());
    }

    private boolean replace() {
        store.delete(key);
        return put();
    }

    private boolean isMine() {
        return store.get(key).filter(holder -> Arrays.equals(holder, owner)).isPresent();
    }

    private boolean isOverdue() {
        List<Instant> since = new ArrayList<>();
        Instant now = store.list(key, lease -> since.add(lease.lastModified()));
        return since.stream().noneMatch(start -> start.plus(longest).isAfter(now));
    }

    /** Gives the lease back, unless another server has taken it because this one took too long. */
    public void release() {
        if (isMine()) {
            store.delete(key);
        }
    }
}
