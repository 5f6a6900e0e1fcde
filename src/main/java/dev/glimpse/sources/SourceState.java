package dev.glimpse.sources;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What this server knows of a source. Safe for use by several threads. */
final class SourceState {
    /** Objects that are no pictures of ours which an answer names. */
    private static final int NAMED = 20;

    enum Stage {
        WAITING,
        RUNNING,
        ELSEWHERE,
        FAILED,
        TOO_DEAR
    }

    private volatile Source source;
    private volatile Stage stage = Stage.WAITING;
    private volatile @Nullable String failure;
    private volatile @Nullable Instant nextAt;

    /** Counts what was asked for, so that a look answers only what came before it. Guarded by this. */
    private long asks;

    private long answered;
    private volatile boolean again;
    private volatile @Nullable Progress progress;
    private volatile @Nullable Report last;
    private volatile long problems;
    private volatile Map<String, String> named = Map.of();

    SourceState(Source source) {
        this.source = source;
    }

    Source source() {
        return source;
    }

    /** Other settings than before. */
    void set(Source other) {
        source = other;
    }

    /**
     * A look is wanted soon.
     *
     * @param refusedAgain whether objects are read again that were found to be no pictures
     */
    synchronized void ask(boolean refusedAgain) {
        again |= refusedAgain;
        asks++;
        if (stage == Stage.TOO_DEAR || stage == Stage.FAILED) {
            stage = Stage.WAITING;
            failure = null;
        }
    }

    synchronized boolean isAsked() {
        return asks > answered;
    }

    /** What was asked for until now; see {@link #answered}. */
    synchronized long asks() {
        return asks;
    }

    /** Whether objects are read again that were found to be no pictures. */
    boolean isAgain() {
        return again;
    }

    boolean isDue(Instant now) {
        Instant next = nextAt;
        return isAsked() || (next != null && !next.isAfter(now));
    }

    void begin(Progress begun) {
        progress = begun;
        stage = Stage.RUNNING;
        failure = null;
    }

    /** What the store remembers of the last look, by whichever server. After a refusal it counts only if there was a look since. */
    void heard(@Nullable Report report, Map<String, Aside> asides) {
        if ((stage != Stage.TOO_DEAR && stage != Stage.FAILED) || !Objects.equals(report, last)) {
            ended(report, asides);
        }
    }

    /** A look has come to its end, here or elsewhere. */
    void ended(@Nullable Report report, Map<String, Aside> asides) {
        last = report;
        progress = null;
        stage = Stage.WAITING;
        failure = null;
        Map<String, String> some = new TreeMap<>();
        long count = 0;
        for (Aside aside : asides.values()) {
            String why = aside.why();
            if (aside.kind() == Aside.Kind.REFUSED && why != null) {
                count++;
                if (some.size() < NAMED) {
                    some.put(aside.key(), why);
                }
            }
        }
        problems = count;
        named = some;
        plan(report == null ? null : report.finishedAt());
    }

    /** What was asked for is done, up to this number of {@link #asks}. */
    synchronized void answered(long until) {
        answered = until;
        if (!isAsked()) {
            again = false;
        }
    }

    /** Plans a look a time after the last one, or at once if there was none. */
    private void plan(@Nullable Instant lastEnd) {
        nextAt = source.everySeconds() == 0
                ? null
                : lastEnd == null ? Instant.now() : lastEnd.plusSeconds(source.everySeconds());
    }

    /** The look was not made, or not to its end, and is not tried again before its time. */
    synchronized void refuse(Stage reason, String why, long until) {
        answered(until);
        stage = isAsked() ? Stage.WAITING : reason;
        failure = isAsked() ? null : why;
        nextAt = source.everySeconds() == 0 ? null : Instant.now().plusSeconds(source.everySeconds());
    }

    /** The look is tried again soon. */
    void fail(String why) {
        stage = Stage.FAILED;
        failure = why;
    }

    void elsewhere() {
        stage = Stage.ELSEWHERE;
    }

    /**
     * A source, as answers show it.
     *
     * @param state {@code waiting}, {@code running}, {@code elsewhere} if another server looks at the sources, {@code failed} if it is
     *     tried again soon, or {@code tooDear} if it costs more than it may
     * @param failure why it failed, or is too dear; null if neither
     * @param nextLookAt null if there is none unless it is asked for
     * @param look the one that goes on, or else the last one; null if this server knows of none
     * @param problemCount objects that are no pictures of ours
     * @param problems some of these, and why
     */
    record View(
            String prefix,
            String address,
            long everySeconds,
            @Nullable Double maxDollars,
            Instant since,
            String state,
            @Nullable String failure,
            @Nullable Instant nextLookAt,
            @Nullable Report look,
            long problemCount,
            Map<String, String> problems) {}

    View view(String address) {
        Progress now = progress;
        Source known = source;
        return new View(
                known.prefix(),
                address,
                known.everySeconds(),
                known.maxDollars(),
                known.since(),
                switch (stage) {
                    case WAITING -> isAsked() ? "running" : "waiting";
                    case RUNNING -> "running";
                    case ELSEWHERE -> "elsewhere";
                    case FAILED -> "failed";
                    case TOO_DEAR -> "tooDear";
                },
                failure,
                nextAt,
                now == null ? last : now.report(),
                problems,
                named);
    }

    /** Time until a look after one that has failed so often in a row. */
    static Duration pause(int failures) {
        return Duration.ofSeconds(Math.min(600, 15L << Math.min(failures - 1, 6)));
    }
}
