package dev.glimpse.testing;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What may be true of one picture after what was asked of any servers, by what they answered. A change without an answer was made, or
 * not, or half. Safe to share between threads.
 */
public final class PictureModel {
    /**
     * Where the picture is.
     *
     * @param there under its URL, with its row
     * @param trashed whether the trash has a copy
     */
    public record State(boolean there, boolean trashed) {}

    /** What clients may ask for. */
    public enum Change {
        UPLOAD,
        DELETE,
        PURGE,
        RESTORE,
        EDIT;

        /** What is true after it, if it was answered with success. */
        private Stream<State> done(State before) {
            return switch (this) {
                case UPLOAD -> Stream.of(new State(true, before.trashed));
                case DELETE -> Stream.of(new State(false, before.there || before.trashed));
                case PURGE -> Stream.of(new State(false, false));
                // A picture that is there keeps its copy, unless an earlier restore is still being finished.
                case RESTORE ->
                    before.there
                            ? Stream.of(before, new State(true, false))
                            : Stream.of(before).filter(State::trashed).map(trashed -> new State(true, false));
                case EDIT -> Stream.of(before).filter(State::there);
            };
        }

        /** What may be true if nobody knows how far it came. */
        private Stream<State> perhaps(State before) {
            Stream<State> half = switch (this) {
                case UPLOAD, EDIT -> Stream.empty();
                case DELETE -> Stream.of(new State(before.there, before.there || before.trashed));
                case PURGE -> Stream.of(new State(before.there, false));
                case RESTORE -> Stream.of(before).filter(State::trashed).map(trashed -> new State(true, true));
            };
            return Stream.of(Stream.of(before), half, done(before)).flatMap(states -> states);
        }

        /** Whether the answer that there is no such picture is right. */
        private boolean isUnknown(State before) {
            return this != UPLOAD && !before.there && (this != RESTORE || !before.trashed);
        }
    }

    private final String name;
    private final List<Change> late = new ArrayList<>();
    private final List<String> story = new ArrayList<>();
    private Set<State> possible = Set.of(new State(false, false));
    private boolean restoring;

    /** @param name for messages */
    public PictureModel(String name) {
        this.name = name;
    }

    /** It was answered with success. */
    public synchronized void done(Change change, String by) {
        now(change + " by " + by, possible.stream().flatMap(change::done));
    }

    /** It was answered that there is no such picture. */
    public synchronized void unknown(Change change, String by) {
        now("no such picture for " + change + " by " + by, possible.stream().filter(change::isUnknown));
    }

    /** It was not answered, or with a failure, and nothing of it is on its way any more. */
    public synchronized void lost(Change change, String by) {
        restoring |= change == Change.RESTORE;
        now(change + " lost by " + by, possible.stream().flatMap(change::perhaps));
    }

    /** It was not answered, or with a failure, and until {@link #settled} it may still be done. */
    public synchronized void late(Change change, String by) {
        late.add(change);
        lost(change, by);
    }

    private void now(String what, Stream<State> states) {
        story.add(what);
        Set<State> all = new HashSet<>(states.collect(Collectors.toSet()));
        if (all.isEmpty()) {
            throw new IllegalStateException("this cannot be: " + this);
        }
        int before;
        do {
            before = all.size();
            List<State> known = List.copyOf(all);
            late.forEach(change -> known.stream().flatMap(change::perhaps).forEach(all::add));
            if (restoring) {
                // Whoever finishes it removes the copy in the trash.
                known.stream().filter(State::there).forEach(state -> all.add(new State(true, false)));
            }
        } while (all.size() > before);
        possible = Set.copyOf(all);
    }

    public synchronized boolean mustBeThere() {
        return possible.stream().allMatch(State::there);
    }

    public synchronized boolean mustBeAway() {
        return possible.stream().noneMatch(State::there);
    }

    /**
     * Nothing is on its way any more, and this is what there is.
     *
     * @throws IllegalStateException if it may not be so
     */
    public synchronized void settled(State found) {
        if (!possible.contains(found)) {
            throw new IllegalStateException("found " + found + ", which cannot be: " + this);
        }
        late.clear();
        restoring = false;
        possible = Set.of(found);
        story.clear();
        story.add(found.toString());
    }

    /** What happened since it was settled. */
    @Override
    public synchronized String toString() {
        return name + " " + String.join(", ", story) + "; possible " + possible;
    }
}
