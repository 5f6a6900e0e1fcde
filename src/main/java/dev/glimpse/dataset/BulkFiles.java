package dev.glimpse.dataset;

import dev.glimpse.storage.ObjectStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What bulk jobs have written below {@link BulkTable#FOLDER}: files of rows, each with a second one that describes it. For one thread. */
final class BulkFiles {
    private static final Logger log = LoggerFactory.getLogger(BulkFiles.class);

    /** The end of the key of what tells about a file of rows. */
    static final String DESCRIPTION = ".json";

    private final ObjectStore store;
    private final BulkLease lease;
    private final String own = BulkTable.FOLDER + UUID.randomUUID() + "/";

    BulkFiles(ObjectStore store, BulkLease lease) {
        this.store = store;
        this.lease = lease;
    }

    /** The prefix of the keys of this job. */
    String own() {
        return own;
    }

    /**
     * What a listing has found.
     *
     * @param keys of all objects
     * @param fragments that have a description, whether or not their files are there
     */
    record Found(List<String> keys, List<BulkFragment> fragments) {}

    Found find() {
        List<String> keys = store.list(BulkTable.FOLDER);
        List<BulkFragment> fragments = new ArrayList<>();
        for (String key : keys) {
            if (key.endsWith(DESCRIPTION)) {
                lease.require();
                store.get(key).flatMap(BulkFiles::read).ifPresent(fragments::add);
            }
        }
        return new Found(keys, fragments);
    }

    private static Optional<BulkFragment> read(byte[] json) {
        try {
            return Optional.of(JsonMapper.shared().readValue(json, BulkFragment.class));
        } catch (JacksonException e) {
            log.warn("what a bulk job has left cannot be read: {}", e.getMessage());
            return Optional.empty();
        }
    }

    boolean has(BulkFragment fragment) {
        return store.head(fragment.key()).isPresent();
    }

    /** Removes what a listing has found, but for these. What another job may have written since stays. */
    void removeAllBut(List<BulkFragment> kept, Found found) {
        Set<String> keys = new HashSet<>(keys(kept));
        remove(found.keys.stream().filter(key -> !keys.contains(key)).toList());
    }

    /** Removes these, and all that this job has written. */
    void removeOwnAnd(List<BulkFragment> others) {
        remove(keys(others));
        remove(store.list(own));
    }

    private static List<String> keys(List<BulkFragment> fragments) {
        List<String> keys = new ArrayList<>();
        for (BulkFragment fragment : fragments) {
            // The description last: it tells of which pictures the rows are.
            keys.add(fragment.key());
            keys.add(fragment.key() + DESCRIPTION);
        }
        return keys;
    }

    private void remove(Collection<String> keys) {
        for (String key : keys) {
            lease.require();
            store.delete(key);
        }
    }
}
