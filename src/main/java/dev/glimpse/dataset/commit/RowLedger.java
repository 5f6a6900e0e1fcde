package dev.glimpse.dataset.commit;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Knows the state of each picture's row, and keeps the rows that searches have to find in memory. Does no I/O of its own. Safe to share between
 * threads: each method is one step under the ledger's monitor, which is held for a moment only.
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

    /** Pictures that have a row in the table, as of version {@code learned}, and with what was committed here since. */
    private IdSet inTable;

    private final IdSet.Memory memoryOfIds;

    private long learned;

    /** The version that is read. */
    private long served;

    private final Map<ImageId, Pending> pending = new LinkedHashMap<>();
    private final Map<ImageId, Unserved> unserved = new LinkedHashMap<>();

    /** Rows that the table does not have any more since this version, which is not read yet. */
    private final Map<ImageId, Long> removed = new HashMap<>();

    /** Rows that are being deleted: the table may have them, and they are not shown any more. */
    private final Set<ImageId> leaving = new HashSet<>();

    /**
     * The rows of {@code unserved} and {@code pending}, one for each picture; of two, the pending one. Filled up to {@code memoryRows}.
     * Overlays share the array: it grows at its end, and what is in it never changes. Rows are taken out by a new array.
     */
    private @Nullable PictureRow[] memory = new PictureRow[16];

    private int memoryRows;

    private volatile Overlay overlay = new Overlay(memory, 0, Set.of(), Set.of());

    /**
     * @param served the version that is read
     * @param memory for the ids of all rows
     */
    public RowLedger(long served, IdSet.Memory memory) {
        this.memoryOfIds = memory;
        this.inTable = new IdSet(memory);
        this.served = served;
        this.learned = served;
    }

    // ---- what is known

    /** The state of this picture's row. */
    public synchronized PictureState stateOf(ImageId id) {
        boolean waits = pending.containsKey(id);
        if (leaving.contains(id)) {
            return inTable.contains(id)
                    ? PictureState.LEAVING_COMMITTED
                    : waits ? PictureState.LEAVING_PENDING : PictureState.ABSENT;
        }
        if (!inTable.contains(id)) {
            return waits ? PictureState.PENDING : PictureState.ABSENT;
        }
        return waits || unserved.containsKey(id) || learned <= served ? PictureState.COMMITTED : PictureState.UNREAD;
    }

    /** The row of this picture that waits to be committed; null if there is none. */
    public synchronized @Nullable Pending pending(ImageId id) {
        return pending.get(id);
    }

    public synchronized int pendingRows() {
        return pending.size();
    }

    synchronized int unservedRows() {
        return unserved.size();
    }

    /** The first rows that wait, at most this many. */
    synchronized List<Pending> firstPending(int most) {
        return pending.values().stream().limit(most).toList();
    }

    /**
     * What a search must know besides the table, as of now. Ask before the table is read: else a row could be found in neither. Takes
     * no lock and copies nothing.
     */
    public Overlay overlay() {
        return overlay;
    }

    // ---- what happens to rows

    /** Takes a row whose picture has none. */
    synchronized void add(Pending row) {
        ImageId id = row.row.id();
        boolean inMemory = pending.put(id, row) != null || unserved.containsKey(id);
        if (inMemory) {
            collectMemory();
        } else {
            appendToMemory(row.row);
        }
    }

    /** Takes the row of this picture out of those that wait; null if it does not wait. */
    synchronized @Nullable Pending removePending(ImageId id) {
        Pending waiting = pending.remove(id);
        if (waiting != null) {
            collectMemory();
            notifyAll();
        }
        return waiting;
    }

    /** Takes all rows out that wait. */
    synchronized List<Pending> removeAllPending() {
        List<Pending> waiting = List.copyOf(pending.values());
        pending.clear();
        collectMemory();
        notifyAll();
        return waiting;
    }

    /**
     * Makes room for the ids of so many more rows, so that what follows takes no long time under the monitor. This itself may take long, and belongs
     * on the thread that commits, which alone changes the ids.
     *
     * @throws java.io.UncheckedIOException if there is no room for them. Then nothing has changed
     */
    void makeRoom(int more) {
        IdSet now;
        synchronized (this) {
            now = inTable;
        }
        if (!now.hasRoomFor(more)) {
            IdSet larger =
                    new IdSet(memoryOfIds, Math.max((long) now.size() + more, Math.min(IdSet.MOST, 2L * now.size())));
            larger.addAll(now);
            synchronized (this) {
                inTable = larger;
            }
            now.release();
        }
    }

    /** Gives the memory of the ids back, when it is used no more. Call this once, after the last commit; what is known can still be asked for. */
    public synchronized void close() {
        inTable.release();
    }

    /** Bytes that the ids of all rows take. */
    public synchronized long idBytes() {
        return inTable.bytes();
    }

    /** These rows are in this version now, and wait no more. */
    synchronized void committed(List<Pending> batch, long version) {
        boolean sameMemory = true;
        for (Pending waiting : batch) {
            ImageId id = waiting.row.id();
            inTable.add(id);
            sameMemory &= waiting.equals(pending.remove(id)) && version > served;
            if (version > served) {
                unserved.put(id, new Unserved(waiting.row, version));
            }
        }
        if (!sameMemory) {
            collectMemory();
        }
        notifyAll();
    }

    /** Waits until no row waits to be committed, whatever has become of the rows, or until this time is over. Frees the monitor meanwhile. */
    synchronized void awaitNonePending(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); !pending.isEmpty() && left > 0; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /**
     * Keeps the row in memory if the table has one of this picture, in a version that is not read yet: another server may have committed
     * that one. False if the table has none; then nothing happens.
     */
    synchronized boolean giveAgain(PictureRow row) {
        ImageId id = row.id();
        if (!inTable.contains(id)) {
            return false;
        }
        if (learned > served && unserved.putIfAbsent(id, new Unserved(row, learned)) == null) {
            if (pending.containsKey(id)) {
                collectMemory();
            } else {
                appendToMemory(row);
            }
        }
        return true;
    }

    /** The row of this picture is not in this version any more. */
    synchronized void removed(Collection<ImageId> ids, long version) {
        boolean inMemory = false;
        for (ImageId id : ids) {
            inTable.remove(id);
            leaving.remove(id);
            if (version > served) {
                removed.put(id, version);
            }
            inMemory |= unserved.remove(id) != null;
        }
        if (inMemory) {
            collectMemory();
        }
        publishHidden();
    }

    /** Does not show the row of this picture any more. */
    public synchronized void hide(ImageId id) {
        if (leaving.add(id)) {
            publishHidden();
        }
    }

    /** Takes {@link #hide} back. Nothing happens if the row is not hidden. */
    public synchronized void show(ImageId id) {
        if (leaving.remove(id)) {
            publishHidden();
        }
    }

    /** From now on this version is read. */
    public synchronized void served(long version) {
        served = version;
        if (unserved.values().removeIf(row -> row.version <= version)) {
            collectMemory();
        }
        if (removed.values().removeIf(since -> since <= version)) {
            publishHidden();
        }
    }

    /**
     * Takes over which pictures the table has rows of. Belongs on the thread that commits.
     *
     * @param change its ids are the ledger's from now on, also after a failure
     * @param version that has them
     * @throws java.io.UncheckedIOException if there is no room for more ids. Then nothing has changed
     */
    void accept(FragmentIds.Change change, long version) {
        if (!change.all()) {
            try {
                makeRoom(change.ids().size());
            } catch (RuntimeException | Error e) {
                change.ids().release();
                throw e;
            }
        }
        IdSet gone;
        synchronized (this) {
            learned = version;
            if (change.all()) {
                gone = inTable;
                inTable = change.ids();
            } else {
                gone = change.ids();
                inTable.addAll(gone);
            }
        }
        gone.release();
    }

    // ---- the overlay

    private void appendToMemory(PictureRow row) {
        if (memoryRows == memory.length) {
            memory = Arrays.copyOf(memory, 2 * memoryRows);
        }
        memory[memoryRows++] = row;
        overlay = overlay.withRows(memory, memoryRows);
    }

    private void collectMemory() {
        Map<ImageId, PictureRow> rows = new LinkedHashMap<>();
        unserved.forEach((id, row) -> rows.put(id, row.row));
        pending.forEach((id, row) -> rows.put(id, row.row));
        memoryRows = rows.size();
        memory = rows.values().toArray(new PictureRow[Math.max(16, memoryRows)]);
        overlay = overlay.withRows(memory, memoryRows);
    }

    private void publishHidden() {
        overlay = new Overlay(
                memory,
                memoryRows,
                Set.copyOf(leaving),
                Stream.of(leaving, removed.keySet())
                        .flatMap(Collection::stream)
                        .map(ImageId::toString)
                        .collect(Collectors.toUnmodifiableSet()));
    }
}
