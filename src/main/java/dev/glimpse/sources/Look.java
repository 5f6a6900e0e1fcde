package dev.glimpse.sources;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the table agree with a source, after the {@link Difference} is known: reads what is new, adds rows in versions of a fixed size, lets
 * rows follow objects that have another name, and removes those of objects that are gone. The table alone says what is done, so that
 * whoever begins anew after a crash goes on there. One thread runs it; others read pictures for it.
 */
final class Look {
    private static final Logger log = LoggerFactory.getLogger(Look.class);

    /** Objects that cannot be read before the store is asked whether it answers at all. */
    private static final int UNREADABLE = 8;

    /** Listings and gets are older than this when an object that they do not know is written in the same second. */
    private static final long SETTLED_SECONDS = 2;

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final Originals originals;
    private final SourceRows rows;
    private final ObjectReader reader;
    private final Executor requests;
    private final int batch;
    private final Difference difference;
    private final Progress progress;
    private final Waiting waiting;
    private final GoneRows goneRows;

    /** Pictures that were deleted while their objects stay. */
    private final Set<ImageId> removed;

    /** Pictures of which something was said before their rows went. */
    private final Set<ImageId> said;

    /** Objects without a row of their own, as they are now. */
    private final Map<String, Aside> asides;

    /** Pictures that this look has met, each in one object. Guarded by itself. */
    private final IdSet met = new IdSet();

    /** Rows that are made and not committed. Guarded by itself. */
    private final Map<ImageId, Made> made = new LinkedHashMap<>();

    /** Rows whose objects have another place now. Guarded by itself. */
    private final Map<ImageId, Place> moves = new HashMap<>();

    private CompletableFuture<Void> lastCommit = CompletableFuture.completedFuture(null);

    /** Whether it ends early, so that what is still to be read is not. */
    private volatile boolean ended;

    private record Made(Place place, PictureRow row) {}

    /**
     * What looks work with.
     *
     * @param requests runs what reads pictures, some at a time
     * @param batch rows of one version
     */
    record Tools(
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            ObjectReader reader,
            Executor requests,
            int batch) {}

    /**
     * @param asides objects without a row of their own, as far as they are as they were
     * @param remembered when the look began
     * @param mayGoOn asked before each picture, on this thread; after a no, nothing further is begun
     */
    Look(
            Tools tools,
            Difference difference,
            Map<String, Aside> asides,
            SourceMemory.Remembered remembered,
            Progress progress,
            BooleanSupplier mayGoOn) {
        this.store = tools.store;
        this.dataset = tools.dataset;
        this.rows = tools.dataset.sourceRows();
        this.reader = tools.reader;
        this.requests = tools.requests;
        this.batch = tools.batch;
        this.difference = difference;
        this.progress = progress;
        this.waiting = new Waiting(mayGoOn);
        this.goneRows = new GoneRows(tools, remembered.said(), progress, waiting);
        this.originals = new Originals(store, dataset);
        this.removed = Set.copyOf(remembered.removed());
        this.said = remembered.said();
        this.asides = new ConcurrentHashMap<>(asides);
    }

    /** Objects without a row of their own, by their keys. */
    Map<String, Aside> asides() {
        return asides;
    }

    /**
     * Does it.
     *
     * @return whether it came to its end; else the next look goes on
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer; what is committed stays
     */
    boolean run() throws InterruptedException {
        removeDeleted(removed);
        boolean all = read();
        if (!all) {
            return false;
        }
        removeGone();
        return true;
    }

    // ---- what is new

    private boolean read() throws InterruptedException {
        RunningReads running = new RunningReads(requests, reader.most(), waiting);
        try {
            difference.forEachToRead(place -> {
                settle(place);
                reader.pace();
                if (!waiting.mayGoOn()) {
                    ended = true;
                    return false;
                }
                running.begin(reader.held(place), () -> readOne(place));
                commit(batch);
                return true;
            });
        } catch (InterruptedException e) {
            ended = true;
            throw e;
        } finally {
            // All have ended before one of them is told of: none may come later.
            running.join();
            addWithoutWaiting();
        }
        running.await();
        waiting.await(lastCommit);
        move();
        return !ended;
    }

    /**
     * An object that is read in the second in which it was written may be written again in that second, which no listing shows. So it is
     * read later.
     */
    private void settle(Place place) throws InterruptedException {
        long early = place.modified().getEpochSecond()
                + SETTLED_SECONDS
                - difference.storeTime().getEpochSecond();
        // Clocks may be wrong, and times of objects in the future.
        if (early > 0 && early <= SETTLED_SECONDS) {
            TimeUnit.SECONDS.sleep(early);
        }
    }

    private void readOne(Place place) {
        if (ended) {
            return;
        }
        ObjectReader.Found found;
        try {
            found = reader.read(place);
        } catch (StoreUnavailableException e) {
            log.warn("{} is read at the next look: {}", place.key(), e.getMessage());
            if (progress.failed.incrementAndGet() % UNREADABLE == 0) {
                // Throws if it is not these objects alone.
                boolean unused = store.hasAny(Originals.KEYS);
            }
            return;
        }
        progress.read.incrementAndGet();
        if (found.refusal() != null) {
            progress.refused.incrementAndGet();
            setAside(place, Aside.Kind.REFUSED, null, found.refusal());
            return;
        }
        ImageId id = found.id();
        if (id == null) {
            progress.failed.incrementAndGet();
            return;
        }
        if (removed.contains(id)) {
            setAside(place, Aside.Kind.REMOVED, id, null);
            return;
        }
        synchronized (met) {
            if (!met.add(id)) {
                progress.same.incrementAndGet();
                setAside(place, Aside.Kind.SAME, id, null);
                return;
            }
        }
        if (follows(id, place)) {
            return;
        }
        if (dataset.stateOf(id).isShown()) {
            setAsideAsKnown(place, id);
            return;
        }
        if (ended) {
            return;
        }
        ObjectReader.Outcome outcome =
                reader.row(place, found, said.contains(id) ? originals.said(id) : UploadMetadata.NOTHING);
        PictureRow row = outcome.row();
        if (row != null) {
            synchronized (made) {
                made.put(id, new Made(place, row));
            }
        } else if (outcome.refusal() != null) {
            progress.refused.incrementAndGet();
            setAside(place, Aside.Kind.REFUSED, null, outcome.refusal());
        } else {
            progress.failed.incrementAndGet();
        }
    }

    private void setAsideAsKnown(Place place, ImageId id) {
        Aside.Kind kind;
        try {
            kind = rows.find(id).isPresent() ? Aside.Kind.SAME : Aside.Kind.STORED;
        } catch (TableBusyException e) {
            // The next look asks again.
            progress.failed.incrementAndGet();
            return;
        }
        progress.same.incrementAndGet();
        setAside(place, kind, id, null);
    }

    /** Whether the row of this picture named a place that is no more, and follows the object to this one. */
    private boolean follows(ImageId id, Place place) {
        synchronized (difference.gone()) {
            if (!difference.gone().contains(id)) {
                return false;
            }
            difference.gone().remove(id);
        }
        synchronized (moves) {
            moves.put(id, place);
        }
        return true;
    }

    private void setAside(Place place, Aside.Kind kind, @Nullable ImageId id, @Nullable String why) {
        asides.put(
                place.key(),
                new Aside(place.key(), place.bytes(), place.modified(), kind, id == null ? null : id.toString(), why));
    }

    // ---- commits

    /** Adds rows, if so many are made, and waits for those before them. */
    private void commit(int least) throws InterruptedException {
        while (true) {
            List<Made> some;
            synchronized (made) {
                if (made.size() < least) {
                    break;
                }
                some = made.values().stream().limit(batch).toList();
                some.forEach(one -> made.remove(one.row.id()));
            }
            waiting.await(lastCommit);
            lastCommit = add(some);
        }
        boolean many;
        synchronized (moves) {
            many = moves.size() >= GoneRows.CHANGES;
        }
        if (many) {
            move();
        }
    }

    private CompletableFuture<Void> add(List<Made> some) throws InterruptedException {
        while (true) {
            try {
                dataset.requireRoom();
                break;
            } catch (TableBusyException e) {
                if (!waiting.mayGoOn()) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(Waiting.TURN_MILLIS);
            }
        }
        return CompletableFuture.allOf(some.stream().map(this::add).toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<Void> add(Made one) {
        return dataset.add(one.row).thenAccept(added -> {
            if (added) {
                progress.added.incrementAndGet();
            } else {
                // Somebody has uploaded it meanwhile.
                progress.same.incrementAndGet();
                setAside(one.place, Aside.Kind.STORED, one.row.id(), null);
            }
        });
    }

    /** Whatever happens, what was made is not made in vain. */
    private void addWithoutWaiting() {
        List<Made> rest;
        synchronized (made) {
            rest = List.copyOf(made.values());
            made.clear();
        }
        CompletableFuture<?>[] adds = rest.stream().map(this::add).toArray(CompletableFuture[]::new);
        lastCommit = CompletableFuture.allOf(lastCommit, CompletableFuture.allOf(adds));
    }

    private void move() throws InterruptedException {
        Map<ImageId, Place> some;
        synchronized (moves) {
            some = Map.copyOf(moves);
            moves.clear();
        }
        if (!some.isEmpty()) {
            progress.moved.addAndGet(waiting.await(rows.move(some, store)));
        }
    }

    // ---- what is gone

    private void removeGone() throws InterruptedException {
        if (difference.gone().size() == 0) {
            return;
        }
        Set<ImageId> gone = new HashSet<>();
        Map<ImageId, Place> others = new HashMap<>();
        while (waiting.mayGoOn()) {
            gone.clear();
            difference.forEachGone((id, place) -> {
                if (gone.size() < GoneRows.AT_ONCE) {
                    gone.add(id);
                }
            });
            if (gone.isEmpty()) {
                return;
            }
            others.clear();
            for (Aside aside : List.copyOf(asides.values())) {
                ImageId id = aside.kind() == Aside.Kind.SAME ? aside.picture() : null;
                if (id != null && gone.contains(id) && others.putIfAbsent(id, aside.place()) == null) {
                    asides.remove(aside.key());
                }
            }
            goneRows.remove(gone, others);
            synchronized (difference.gone()) {
                gone.forEach(difference.gone()::remove);
            }
        }
    }

    /** Rows of pictures that were deleted go, should they be there: a delete was cut off, or another server has not heard of it in time. */
    void removeDeleted(Collection<ImageId> deleted) throws InterruptedException {
        if (deleted.isEmpty()) {
            return;
        }
        Set<ImageId> ids = Set.copyOf(deleted);
        List<ImageId> there = new ArrayList<>();
        rows.forEach((id, place) -> {
            if (ids.contains(id)) {
                there.add(id);
            }
        });
        // One that was restored since the look began stays.
        goneRows.removeRows(there.stream().filter(originals::isRemoved).toList());
    }
}
