package dev.glimpse.dataset;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The build of the index that was asked for last.
 *
 * @param startedAt null if none was ever asked for
 * @param finishedAt null while it runs
 * @param message why it failed
 */
public record IndexJob(
        State state,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable String message) {
    public enum State {
        NONE,
        RUNNING,
        DONE,
        FAILED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static final IndexJob NONE = new IndexJob(State.NONE, null, null, null);

    public static IndexJob running() {
        return new IndexJob(State.RUNNING, Instant.now(), null, null);
    }

    public IndexJob done() {
        return new IndexJob(State.DONE, startedAt, Instant.now(), null);
    }

    public IndexJob failed(String reason) {
        return new IndexJob(State.FAILED, startedAt, Instant.now(), reason);
    }
}
