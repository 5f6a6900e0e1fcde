package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Knows which pictures have rows, and in which state each row is: pending, committed and not read yet, committed, removed and still
 * read, or leaving. No I/O, no clock. Not safe between threads: the {@link Committer} guards it with its lock.
 */
public final class RowLedger {
    /**
     * A row that was taken and is not committed yet.
     *
     * @param committed says at the commit whether the row came from here
     */
    public record Pending(PictureRow row, CompletableFuture<Boolean> committed) {}

    /** A row that the table has since this version, which is not read yet. */
    private record Unserved(PictureRow row, long version) {}

    /**
     * Rows that are in memory and not, or not for sure, in the version that is read.
     *
     * @param rows may be in the table by now as well
     * @param hidden ids of rows that the table may have, and that must not be shown
     */
    public record Unsettled(List<PictureRow> rows, Set<String> hidden) {
        public boolean isNothing() {
            return rows.isEmpty() && hidden.isEmpty();
        }
    }

    private IdSet ids = new IdSet();
    private final Map<ImageId, Pending> pending = new LinkedHashMap<>();
    private final Map<ImageId, Unserved> unserved = new LinkedHashMap<>();

    /** Rows that the table does not have any more since this version, which is not read yet. */
    private final Map<ImageId, Long> removed = new HashMap<>();

    /** Rows that are being deleted: the table may have them, and they are not shown any more. */
    private final Set<ImageId> leaving = new HashSet<>();

    /** The version that is read. */
    private long served;

    RowLedger(long served) {
        this.served = served;
    }

    /** Whether there is a row of this picture, pending or committed, that is not being deleted. */
    boolean contains(ImageId id) {
        return (pending.containsKey(id) || ids.contains(id)) && !leaving.contains(id);
    }

    /**
     * Whether searches find the row of this picture for sure.
     *
     * @param newest the newest version that is known
     */
    boolean isFound(ImageId id, long newest) {
        return contains(id) && (pending.containsKey(id) || unserved.containsKey(id) || newest <= served);
    }

    /** Whether the table has a row of this picture, as far as it is known. */
    boolean isCommitted(ImageId id) {
        return ids.contains(id);
    }

    /** The row of this picture that waits to be committed; null if there is none. */
    @Nullable Pending pending(ImageId id) {
        return pending.get(id);
    }

    int pendingRows() {
        return pending.size();
    }

    int unservedRows() {
        return unserved.size();
    }

    /** The first rows that wait, at most this many. */
    List<Pending> firstPending(int most) {
        return pending.values().stream().limit(most).toList();
    }

    void add(Pending row) {
        pending.put(row.row.id(), row);
    }

    /** Takes the row of this picture out of those that wait; null if it does not wait. */
    @Nullable Pending removePending(ImageId id) {
        return pending.remove(id);
    }

    /** Takes all rows out that wait. */
    List<Pending> removeAllPending() {
        List<Pending> waiting = List.copyOf(pending.values());
        pending.clear();
        return waiting;
    }

    /** These rows are in this version now. */
    void committed(List<Pending> batch, long version) {
        batch.forEach(waiting -> {
            ImageId id = waiting.row.id();
            ids.add(id);
            pending.remove(id);
            if (version > served) {
                unserved.put(id, new Unserved(waiting.row, version));
            }
        });
    }

    /** A committed row was given again. It is kept in memory until this version is read, as it may be another server's. */
    void givenAgain(PictureRow row, long newest) {
        if (newest > served) {
            unserved.putIfAbsent(row.id(), new Unserved(row, newest));
        }
    }

    /** The row of this picture is not in this version any more. */
    void removed(ImageId id, long version) {
        ids.remove(id);
        unserved.remove(id);
        if (version > served) {
            removed.put(id, version);
        }
        leaving.remove(id);
    }

    /** Does not show the row of this picture any more. */
    void hide(ImageId id) {
        leaving.add(id);
    }

    /** Takes {@link #hide} back. */
    void show(ImageId id) {
        leaving.remove(id);
    }

    /** From now on this version is read. */
    void served(long version) {
        served = version;
        unserved.values().removeIf(row -> row.version <= version);
        removed.values().removeIf(since -> since <= version);
    }

    /** Takes over which pictures the table has rows of. */
    void accept(FragmentIds.Change change) {
        if (change.all()) {
            ids = change.ids();
        } else {
            ids.addAll(change.ids());
        }
    }

    /** What a search has to add to the rows of the table, and to leave out. */
    Unsettled unsettled() {
        Set<String> hidden = Stream.of(leaving, removed.keySet())
                .flatMap(Collection::stream)
                .map(ImageId::toString)
                .collect(Collectors.toSet());
        return new Unsettled(
                Stream.concat(
                                unserved.values().stream().map(Unserved::row),
                                pending.values().stream().map(Pending::row))
                        .filter(row -> !leaving.contains(row.id()))
                        .toList(),
                hidden);
    }
}
