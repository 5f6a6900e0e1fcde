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
 * Whose turn it is to look after the table, among several servers. It saves them doing the same twice, no more: that nothing
 * goes wrong when two do is up to the commits. Not safe between threads.
 */
public final class Lease {
    public static final String KEY = "lease/maintenance";

    private final ObjectStore store;
    private final Duration longest;
    private final byte[] owner;
    private Elapsed taken = Elapsed.NEVER;
    private Elapsed refused = Elapsed.NEVER;
    private Elapsed left = Elapsed.NEVER;

    /**
     * @param work names this server, also after a restart: what it held when it died is still its own
     * @param longest see {@link TableTimings}
     */
    public Lease(ObjectStore store, Path work, Duration longest) throws IOException {
        this.store = store;
        this.longest = longest;
        Path file = work.resolve("lease-owner");
        if (!Files.exists(file)) {
            Files.createDirectories(work);
            Files.writeString(file, UUID.randomUUID().toString());
        }
        this.owner = Files.readString(file).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Whether it is this server's turn now. If so, {@link #release} is due, and until then {@link #keep}. After a no the
     * bucket is not asked again for a while unless it is urgent: to ask costs up to two class A requests.
     */
    public boolean take(boolean urgent) {
        Duration pause = longest.dividedBy(4);
        if (!left.isOver(pause) || !(urgent || refused.isOver(pause))) {
            return false;
        }
        boolean mine = put() || isMine() || (isOverdue() && replace());
        if (mine) {
            taken = Elapsed.started();
        } else {
            refused = Elapsed.started();
        }
        return mine;
    }

    /** Takes it no more for a while: another server may have better luck, as one whose uploads are in the way here. */
    void leaveToOthers() {
        left = Elapsed.started();
    }

    /** Tells the others that this server, whose turn it is, is alive. */
    void keep() {
        if (taken.isOver(longest.dividedBy(3)) && isMine() && replace()) {
            taken = Elapsed.started();
        }
    }

    private boolean put() {
        return store.putIfAbsent(KEY, owner, "text/plain", Map.of());
    }

    private boolean replace() {
        store.delete(KEY);
        return put();
    }

    private boolean isMine() {
        return store.get(KEY).filter(holder -> Arrays.equals(holder, owner)).isPresent();
    }

    private boolean isOverdue() {
        List<Instant> since = new ArrayList<>();
        Instant now = store.list(KEY, lease -> since.add(lease.lastModified()));
        return since.stream().noneMatch(start -> start.plus(longest).isAfter(now));
    }

    /** Unless another server has taken it meanwhile, because this one took too long. */
    public void release() {
        if (isMine()) {
            store.delete(KEY);
        }
    }
}
