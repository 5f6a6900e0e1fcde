package dev.glimpse.consistency;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** Deleted pictures, until their retention ends. Several servers may empty it at once. */
public final class Trash {
    private static final Logger log = LoggerFactory.getLogger(Trash.class);

    /** The keys of deleted pictures begin so. */
    public static final String KEYS = "trash/";

    /** A server that starts has other things to do, and one that starts again and again lists nothing. */
    private static final Duration FIRST = Duration.ofMinutes(5);

    /** Each time costs a class A request for a thousand deleted pictures, and at least one. */
    private static final Duration EVERY = Duration.ofHours(1);

    private final ObjectStore store;
    private final Duration retention;

    Trash(ObjectStore store, Duration retention) {
        this.store = store;
        this.retention = retention;
    }

    /** Where a deleted picture is kept. */
    public static String key(ImageId id) {
        return KEYS + id.name();
    }

    /** From now on the trash is emptied by itself. */
    // The task ends all failures itself.
    @SuppressWarnings("FutureReturnValueIgnored")
    void start(ThreadPoolTaskScheduler thread) {
        thread.scheduleWithFixedDelay(this::tryToEmpty, Instant.now().plus(FIRST), EVERY);
    }

    private void tryToEmpty() {
        try {
            empty();
        } catch (RuntimeException e) {
            log.warn("the trash is not emptied for now: {}", e.toString());
        }
    }

    /** Removes for good what was deleted longer ago than the retention. */
    void empty() {
        List<Listed> deleted = new ArrayList<>();
        Instant clock = store.list(KEYS, deleted::add);
        List<Listed> old = deleted.stream()
                .filter(picture -> !picture.lastModified().plus(retention).isAfter(clock))
                .toList();
        old.forEach(picture -> store.delete(picture.key()));
        if (!old.isEmpty()) {
            log.info("removed={} of {} deleted pictures, older than {}", old.size(), deleted.size(), retention);
        }
    }
}
