package dev.glimpse.duplicates;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which pictures were decided to be kept, though they look the same. Each decision is a small object in the store, of its own key, so no
 * server overwrites what another one has decided. An object never changes: it is there or not. Safe for use by several threads.
 */
final class Decisions {
    static final String KEYS = "decisions/";

    /** What other servers have decided is known after this time at the latest, when somebody asks for duplicates. */
    static final Duration AGE = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(Decisions.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    private final ObjectStore store;
    private final LongSupplier clock;

    /** The pictures of each decision, by its key. Guarded by this. */
    private final Map<String, Set<String>> known = new HashMap<>();

    /** When the store was listed last; null if never. Guarded by this. */
    private @Nullable Long listedAt;

    Decisions(ObjectStore store) {
        this(store, System::nanoTime);
    }

    /** @param clock in nanoseconds */
    Decisions(ObjectStore store, LongSupplier clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * Remembers that these pictures are all to be kept. Twice is fine.
     *
     * @throws StoreUnavailableException if it may not be remembered
     */
    synchronized void keep(Set<ImageId> pictures) {
        Set<String> ids = sorted(pictures);
        byte[] json = JSON.writeValueAsBytes(Map.of("decision", "keep", "ids", ids));
        // If the key is taken, the same was decided before.
        store.putIfAbsent(key(ids), json, "application/json", Map.of());
        known.put(key(ids), ids);
    }

    /**
     * Forgets the decision on just these pictures.
     *
     * @return whether there was one, as far as this server knew
     * @throws StoreUnavailableException if it may not be forgotten
     */
    synchronized boolean undo(Set<ImageId> pictures) {
        refresh();
        String key = key(sorted(pictures));
        store.delete(key);
        return known.remove(key) != null;
    }

    /**
     * What is decided now. Lists the store, if that was not done for a minute, and reads decisions that are new: a request for each
     * thousand decisions, and one for each new one.
     *
     * @throws StoreUnavailableException if nothing is known yet, and the store does not answer
     */
    synchronized Kept kept() {
        if (listedAt == null || clock.getAsLong() - listedAt >= AGE.toNanos()) {
            try {
                refresh();
            } catch (StoreUnavailableException e) {
                if (listedAt == null) {
                    throw e;
                }
                log.warn("decisions on duplicates are not read anew: {}", e.getMessage());
            }
        }
        return new Kept(known.values());
    }

    private void refresh() {
        List<String> keys = store.list(KEYS);
        known.keySet().retainAll(new HashSet<>(keys));
        for (String key : keys) {
            if (!known.containsKey(key)) {
                store.get(key).ifPresent(json -> known.put(key, read(key, json)));
            }
        }
        listedAt = clock.getAsLong();
    }

    private static Set<String> read(String key, byte[] json) {
        try {
            return JSON.readTree(json)
                    .path("ids")
                    .valueStream()
                    .map(JsonNode::asString)
                    .collect(Collectors.toSet());
        } catch (JacksonException e) {
            log.warn("{} is no decision: {}", key, e.getMessage());
            return Set.of();
        }
    }

    private static Set<String> sorted(Collection<ImageId> pictures) {
        return pictures.stream().map(ImageId::toString).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String key(Set<String> sortedIds) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(String.join("\n", sortedIds).getBytes(StandardCharsets.UTF_8));
            return KEYS + HexFormat.of().formatHex(hash) + ".json";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** What was decided at one moment. Immutable. */
    static final class Kept {
        /** The decisions that each picture is in. */
        private final Map<String, List<Set<String>>> decisions = new HashMap<>();

        private Kept(Collection<Set<String>> all) {
            all.forEach(ids -> ids.forEach(id ->
                    decisions.computeIfAbsent(id, first -> new ArrayList<>()).add(ids)));
        }

        /** Whether each two of these pictures are in a decision together. */
        boolean covers(List<String> ids) {
            return ids.stream().allMatch(id -> isKeptBeside(id, ids));
        }

        private boolean isKeptBeside(String id, List<String> others) {
            Set<String> beside = new HashSet<>(Set.of(id));
            Optional.ofNullable(decisions.get(id)).orElse(List.of()).forEach(beside::addAll);
            return beside.containsAll(others);
        }
    }
}
