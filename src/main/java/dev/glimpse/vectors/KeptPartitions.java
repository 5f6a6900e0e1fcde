package dev.glimpse.vectors;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Knows which partitions another process would open, so that their files stay when there are newer ones. Its owner sees to it that one thread at a
 * time uses it.
 */
final class KeptPartitions {
    /** Those that the process would open now; null if it would find none. */
    private @Nullable Partitions kept;

    /** Those that it would open if what was written last is in its place by now. */
    private @Nullable Partitions keeping;

    /** Those of them that are not in use any more. */
    private final Set<Partitions> replaced = new HashSet<>();

    KeptPartitions(@Nullable Partitions kept) {
        this.kept = kept;
        this.keeping = kept;
    }

    /** Says which ones are being kept. */
    void keep(@Nullable Partitions current) {
        keeping = current;
    }

    /** Says that what was being kept is in its place. Deletes those that nobody needs. */
    void setKept() {
        kept = keeping;
        for (Partitions earlier : Set.copyOf(replaced)) {
            if (earlier != kept) {
                earlier.delete();
                replaced.remove(earlier);
            }
        }
    }

    boolean isKept(@Nullable Partitions current) {
        return current == kept;
    }

    /** Says that these are not in use any more. */
    void replace(Partitions earlier) {
        if (earlier == kept || earlier == keeping) {
            replaced.add(earlier);
        } else {
            earlier.delete();
        }
    }

    /** Closes those that are not in use any more. */
    void close() {
        replaced.forEach(Partitions::close);
    }
}
