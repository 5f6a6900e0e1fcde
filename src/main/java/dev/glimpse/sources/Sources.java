package dev.glimpse.sources;

import dev.glimpse.consistency.Originals;
import dev.glimpse.dataset.BulkTable;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.sources.SourceMemory.Looked;
import dev.glimpse.sources.SourceMemory.Remembered;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.ObjectStore.Listed;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Follows the sources of a store: looks at each when it is asked for, when its time has come, and at single objects when somebody says that
 * these have changed. One server of a bucket looks at a time. Safe for use by several threads. Owns two threads, one that looks and one
 * that keeps the lease meanwhile; close it after the last use.
 */
final class Sources implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Sources.class);

    /** Looking whether something is due takes memory alone. */
    private static final Duration TURN = Duration.ofSeconds(1);

    /** Time between two signs of life during a look, whatever it waits for. Most of them ask the store nothing. */
    private static final Duration ALIVE = Duration.ofSeconds(10);

    /** A server that starts has other things to do. */
    private static final Duration FIRST = Duration.ofMinutes(1);

    /** What other servers were told is known after this time. */
    private static final Duration REREAD = Duration.ofHours(1);

    /** After another server was found to look. */
    private static final Duration LEAVE = Duration.ofMinutes(1);

    /** During a look, the source is taken to be set up as it was for so long. */
    private static final Duration SET_UP = Duration.ofSeconds(40);

    /** Keys that may wait to be looked at. Beyond it the whole source is. */
    private static final int MOST_EVENTS = 10_000;

    /** After a look at what events name, they wait so many times as long as it took. */
    private static final int EVENTS_REST = 4;

    /** Asides that may be found again after a crash, at least. */
    private static final int UNSAVED = 1_000;

    private static final int CLOSE_SECONDS = 10;
    private static final long PATIENCE_SECONDS = 30;

    private static final List<String> OURS = List.of(
            ImageDataset.PICTURES,
            "trash/",
            "pending/",
            "vectors/",
            "lease/",
            BulkTable.FOLDER,
            "decisions/",
            "doctor/",
            "meta/",
            ".glimpse/",
            Originals.KEYS);

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final SourceRows rows;
    private final SourceMemory memory;
    private final Look.Tools tools;
    private final Path temporary;
    private final ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
    private final Instant startedAt = Instant.now();
    private final Map<String, SourceState> states = new ConcurrentSkipListMap<>();

    /** Held during looks, and by who removes a source's rows. */
    private final ReentrantLock working = new ReentrantLock();

    /** Keys that have changed, as events say. Guarded by itself. */
    private final Set<String> events = new LinkedHashSet<>();

    private volatile @Nullable Instant readAt;
    private volatile boolean closed;

    // Of the thread that looks alone.
    private Instant restsUntil = Instant.MIN;
    private Instant eventsRestUntil = Instant.MIN;
    private int failures;

    /** @param temporary folder for files of a look */
    Sources(ObjectStore store, ImageDataset dataset, Look.Tools tools, Path temporary) {
        this.store = store;
        this.dataset = dataset;
        this.rows = dataset.sourceRows();
        this.memory = new SourceMemory(store);
        this.tools = tools;
        this.temporary = temporary;
        thread.setThreadFactory(StoreThreads.factory("sources-", StoreUse.UPKEEP));
        thread.setPoolSize(2);
        // Nothing may read the table when it is closed.
        thread.setAwaitTerminationSeconds(CLOSE_SECONDS);
        thread.initialize();
        Future<?> unused =
                thread.scheduleWithFixedDelay(this::step, Instant.now().plus(TURN), TURN);
        Future<?> unusedEither =
                thread.scheduleWithFixedDelay(this::keepLease, Instant.now().plus(ALIVE), ALIVE);
    }

    // ---- what an operator asks for

    /** All sources. Asks the store if nothing has asked it since the start. */
    List<SourceState.View> views() {
        if (readAt == null) {
            reread();
        }
        return states.values().stream()
                .map(state -> state.view(store.address(state.source().prefix())))
                .toList();
    }

    /**
     * What a look at this prefix would take now. Lists it.
     *
     * @param text a prefix of keys, or the address of one
     * @throws InvalidQueryException if it is none
     * @throws SourceRefusedException if it cannot be a source
     */
    Price price(String text) {
        Remembered remembered = memory.read();
        String prefix = prefix(text, remembered);
        Looked before = memory.looked(prefix, remembered.keys());
        try (Difference difference = new Difference(key -> key.startsWith(prefix), rows, temporary)) {
            difference.make(
                    objects -> store.list(prefix, objects),
                    before.asides(),
                    holds(remembered.removed(), false),
                    () -> {});
            return difference.price(inBucket(), tools.batch(), SourceMemory.hasLooked(prefix, remembered.keys()));
        }
    }

    /**
     * Sets a source up, or sets it up otherwise, and looks at it soon.
     *
     * @param text a prefix of keys, or the address of one
     * @param again whether objects are read again that were found to be no pictures
     * @return its prefix
     * @throws InvalidQueryException if it is none
     * @throws SourceRefusedException if it cannot be a source
     */
    synchronized String start(String text, long everySeconds, @Nullable Double maxDollars, boolean again) {
        dataset.requireWritable();
        store.requireConditionalPuts();
        Remembered remembered = memory.read();
        String prefix = prefix(text, remembered);
        Source before = remembered.sources().get(prefix);
        Source source = new Source(prefix, everySeconds, maxDollars, before == null ? Instant.now() : before.since());
        if (!source.equals(before)) {
            memory.write(source, remembered.keys());
        }
        SourceState state = states.computeIfAbsent(prefix, first -> new SourceState(source));
        state.set(source);
        state.ask(again);
        return prefix;
    }

    /**
     * Follows a source no more.
     *
     * @param text a prefix of keys, or the address of one
     * @param withRows whether its pictures are taken out of the table as well; their objects stay
     * @throws SourceNotFoundException if there is no such source, and its rows are to stay
     * @throws InvalidQueryException if there is none, and this is no prefix
     * @throws SourceRefusedException if there is none, and it cannot be one
     * @throws TableBusyException if a look does not end in time, here or on another server; doing it again is right then
     */
    void stop(String text, boolean withRows) throws InterruptedException {
        dataset.requireWritable();
        String prefix = forget(text, withRows);
        if (!withRows) {
            return;
        }
        if (!working.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new TableBusyException("a look at a source is about to end; ask again for its rows to go");
        }
        try {
            if (!rows.mayFollow()) {
                throw new TableBusyException("another server looks at a source; ask again for the rows to go");
            }
            // A look that was ended has handed over what it had made.
            dataset.flush(Duration.ofSeconds(PATIENCE_SECONDS));
            dataset.refresh().join();
            removeRows(prefix);
        } finally {
            rows.leaveFollowing();
            working.unlock();
        }
    }

    private void removeRows(String prefix) {
        Progress progress = new Progress();
        GoneRows goneRows =
                new GoneRows(tools, memory.read().said(), progress, new Waiting(() -> !closed && rows.mayFollow()));
        Set<ImageId> some = new HashSet<>();
        long before;
        do {
            before = progress.removed.get() + progress.moved.get();
            some.clear();
            rows.forEach((id, place) -> {
                if (place.key().startsWith(prefix) && some.size() < GoneRows.AT_ONCE) {
                    some.add(id);
                }
            });
            try {
                goneRows.remove(some, Map.of());
            } catch (InterruptedException e) {
                throw new TableBusyException(
                        "the server stops, or another one follows the sources; ask again for the rows to go");
            }
            if (!some.isEmpty() && progress.removed.get() + progress.moved.get() == before) {
                throw new TableBusyException("the rows are being changed; ask again for them to go");
            }
        } while (!some.isEmpty());
    }

    /** @param missingIsFine whether rows may be left of a source that was forgotten before; then nothing but a prefix passes that can be one */
    private synchronized String forget(String text, boolean missingIsFine) {
        Remembered remembered = memory.read();
        String prefix = keyOf(text);
        if (!remembered.sources().containsKey(prefix)) {
            if (!missingIsFine) {
                throw new SourceNotFoundException(prefix);
            }
            prefix = prefix(text, remembered);
        }
        memory.forget(prefix, remembered.keys());
        states.remove(prefix);
        return prefix;
    }

    /**
     * Objects have changed, come or gone.
     *
     * @return how many of these are of a source, and will be looked at
     */
    int changed(Collection<String> keys) {
        if (readAt == null) {
            reread();
        }
        int taken = 0;
        synchronized (events) {
            for (String key : keys) {
                SourceState state = sourceOf(key);
                if (state != null) {
                    taken++;
                    if (events.size() < MOST_EVENTS) {
                        events.add(key);
                    } else {
                        state.ask(false);
                    }
                }
            }
        }
        return taken;
    }

    private @Nullable SourceState sourceOf(String key) {
        return states.values().stream()
                .filter(state -> key.startsWith(state.source().prefix()))
                .findFirst()
                .orElse(null);
    }

    /** The key or prefix that this names, which may be an address of the store. */
    private String keyOf(String text) {
        String root = store.address("");
        if (text.contains("://") && !text.startsWith(root)) {
            throw new InvalidQueryException(
                    "a source lies in the store of this server, " + root + ", and this does not: " + text);
        }
        return text.startsWith(root) ? text.substring(root.length()) : text;
    }

    private String prefix(String text, Remembered remembered) {
        String prefix = keyOf(text);
        String path = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
        if (!ObjectStore.isKey(path)) {
            throw new InvalidQueryException("prefix must be the beginning of keys, as photos/2024/ is: " + text);
        }
        for (String ours : OURS) {
            if (ours.startsWith(prefix) || prefix.startsWith(ours)) {
                throw new SourceRefusedException("keys that begin with " + ours + " are the server's own");
            }
        }
        for (String other : remembered.sources().keySet()) {
            if (!other.equals(prefix) && (other.startsWith(prefix) || prefix.startsWith(other))) {
                throw new SourceRefusedException("the source " + other + " has keys of " + prefix + " already");
            }
        }
        return prefix;
    }

    private boolean inBucket() {
        return store.filesInPlace().isEmpty();
    }

    // ---- what is due

    // Nobody else hears of a failure here; the next step tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void step() {
        Instant now = Instant.now();
        if (now.isBefore(restsUntil)) {
            return;
        }
        try {
            Instant read = readAt;
            if (now.isAfter(read == null ? startedAt.plus(FIRST) : read.plus(REREAD))) {
                reread();
            }
            boolean hasEvents;
            synchronized (events) {
                hasEvents = !events.isEmpty() && !now.isBefore(eventsRestUntil);
            }
            if (hasEvents || states.values().stream().anyMatch(state -> state.isDue(now))) {
                follow();
            }
            failures = 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TableUnavailableException e) {
            restsUntil = Instant.now().plus(SourceState.pause(1));
        } catch (Exception e) {
            failures++;
            restsUntil = Instant.now().plus(SourceState.pause(failures));
            log.warn("sources are looked at later: {}", e.toString());
        }
    }

    /** Takes over what was set up anywhere, and what the last looks have found. */
    private synchronized void reread() {
        Remembered remembered = readAll();
        for (SourceState state : states.values()) {
            if (!state.isAsked()) {
                Looked looked = memory.looked(state.source().prefix(), remembered.keys());
                state.heard(looked.report(), looked.asides());
            }
        }
    }

    private synchronized Remembered readAll() {
        Remembered remembered = memory.read();
        remembered
                .sources()
                .forEach((prefix, source) -> states.computeIfAbsent(prefix, first -> new SourceState(source))
                        .set(source));
        states.keySet().retainAll(remembered.sources().keySet());
        readAt = Instant.now();
        return remembered;
    }

    private void follow() throws Exception {
        if (!rows.mayFollow()) {
            Instant now = Instant.now();
            states.values().stream().filter(state -> state.isDue(now)).forEach(SourceState::elsewhere);
            restsUntil = Instant.now().plus(LEAVE);
            return;
        }
        working.lock();
        try {
            Remembered remembered = readAll();
            for (SourceState state : List.copyOf(states.values())) {
                if (state.isDue(Instant.now())) {
                    look(state, remembered);
                }
            }
            Instant begun = Instant.now();
            lookAtEvents(remembered);
            // Each look at some objects reads the places of all rows.
            Instant end = Instant.now();
            eventsRestUntil = end.plus(Duration.between(begun, end).multipliedBy(EVENTS_REST));
        } finally {
            // Rows of a look that was ended belong to this turn.
            dataset.flush(Duration.ofSeconds(CLOSE_SECONDS));
            working.unlock();
            rows.leaveFollowing();
        }
    }

    private void keepLease() {
        try {
            rows.keepFollowing();
        } catch (RuntimeException e) {
            // The look asks again.
            log.debug("the lease of the sources is not renewed", e);
        }
    }

    private boolean mayGoOn(SourceState state) {
        return !closed
                && !Thread.currentThread().isInterrupted()
                && state.equals(states.get(state.source().prefix()))
                && rows.mayFollow();
    }

    private static Predicate<Aside> holds(Set<ImageId> removed, ImageDataset dataset, boolean again) {
        return aside -> {
            ImageId id = aside.picture();
            return switch (aside.kind()) {
                case SAME ->
                    id != null && (removed.contains(id) || dataset.stateOf(id).isShown());
                // A picture that was uploaded and deleted since does not come back by itself.
                case STORED -> !again || (id != null && dataset.stateOf(id).isShown());
                case REMOVED -> id != null && removed.contains(id);
                case REFUSED -> !again;
            };
        };
    }

    private Predicate<Aside> holds(Set<ImageId> removed, boolean again) {
        return holds(removed, dataset, again);
    }

    // ---- looks

    private void look(SourceState state, Remembered remembered) throws Exception {
        Progress progress = new Progress();
        try {
            boolean unused = RequestMeter.measure(progress.meter, () -> look(state, remembered, progress));
        } catch (RuntimeException e) {
            state.fail(String.valueOf(e.getMessage()));
            throw e;
        } catch (InterruptedException e) {
            state.fail("it was ended early, and goes on soon");
            throw e;
        }
    }

    private boolean look(SourceState state, Remembered remembered, Progress progress) throws InterruptedException {
        String prefix = state.source().prefix();
        Looked before = memory.looked(prefix, remembered.keys());
        if (!state.isAsked()) {
            // Another server may have looked just now.
            state.ended(before.report(), before.asides());
            if (!state.isDue(Instant.now())) {
                return false;
            }
        }
        state.begin(progress);
        long asks = state.asks();
        Set<ImageId> removed = remembered.removed();
        boolean again = state.isAgain();
        try (Difference difference = new Difference(key -> key.startsWith(prefix), rows, temporary)) {
            difference.make(
                    objects -> store.list(prefix, objects),
                    before.asides(),
                    holds(removed, again),
                    progress.listed::incrementAndGet);
            Price price =
                    difference.price(inBucket(), tools.batch(), SourceMemory.hasLooked(prefix, remembered.keys()));
            progress.reads(price);
            log.info("source={} {}", prefix, price);
            if (!inBucket() && price.listed() == 0 && price.toRemove() > 0) {
                state.refuse(
                        SourceState.Stage.FAILED,
                        "there is nothing below " + prefix + " any more, as when a folder is not mounted;"
                                + " if that is right, forget the source with its rows",
                        asks);
                return false;
            }
            Double most = state.source().maxDollars();
            if (most != null && price.dollars() > most) {
                state.refuse(
                        SourceState.Stage.TOO_DEAR,
                        String.format(
                                java.util.Locale.ROOT,
                                "it takes %d requests of class A and %d of class B, which are %.4f dollars, more than the %.4f that are allowed",
                                price.classA(),
                                price.classB(),
                                price.dollars(),
                                most),
                        asks);
                return false;
            }
            Saving saving = new Saving(state, before, remembered);
            Look look = new Look(tools, difference, difference.asides(), remembered, progress, saving);
            saving.look = look;
            if (!look.run()) {
                state.fail("it was ended early, and goes on soon");
                return false;
            }
            if (price.toRead() > 0) {
                look.removeDeleted(removedSince(removed));
            }
            progress.finished();
            Looked now = new Looked(progress.report(), look.asides());
            memory.write(prefix, now, remembered.keys());
            state.answered(asks);
            state.ended(now.report(), look.asides());
            log.info("source={} {}", prefix, progress.report());
            return true;
        }
    }

    /**
     * Remembers what was found so far from time to time, so that not too much is read again after a crash. Ends the look if the source was
     * given up, or set up otherwise, by another server.
     */
    private final class Saving implements BooleanSupplier {
        private final SourceState state;
        private final Looked before;
        private final Remembered remembered;
        private @Nullable Look look;
        private int saved;
        private Instant setUpUntil = Instant.now().plus(SET_UP);

        Saving(SourceState state, Looked before, Remembered remembered) {
            this.state = state;
            this.before = before;
            this.remembered = remembered;
            this.saved = before.asides().size();
        }

        @Override
        public boolean getAsBoolean() {
            if (!mayGoOn(state)) {
                return false;
            }
            if (Instant.now().isAfter(setUpUntil)) {
                if (!memory.isSetUp(state.source().prefix(), remembered.keys())) {
                    return false;
                }
                setUpUntil = Instant.now().plus(SET_UP);
            }
            Look now = look;
            // The more there are, the rarer: each time all of them are written.
            if (now != null && now.asides().size() >= saved + Math.max(UNSAVED, saved / 2)) {
                memory.write(state.source().prefix(), new Looked(before.report(), now.asides()), remembered.keys());
                saved = now.asides().size();
            }
            return true;
        }
    }

    /** Pictures that were deleted while their objects stay, since the look began. */
    private List<ImageId> removedSince(Set<ImageId> before) {
        List<ImageId> since = new ArrayList<>();
        store.list(
                Originals.REMOVED,
                object -> SourceMemory.pictureOf(object.key(), Originals.REMOVED)
                        .filter(id -> !before.contains(id))
                        .ifPresent(since::add));
        return since;
    }

    // ---- events

    private void lookAtEvents(Remembered remembered) throws InterruptedException {
        Map<SourceState, Set<String>> keys = new HashMap<>();
        Set<String> left;
        synchronized (events) {
            // What changes again meanwhile is looked at again.
            left = new HashSet<>(events);
            events.clear();
        }
        left.removeIf(key -> sourceOf(key) == null);
        try {
            for (String key : left) {
                SourceState state = sourceOf(key);
                if (state != null) {
                    keys.computeIfAbsent(state, first -> new HashSet<>()).add(key);
                }
            }
            for (Map.Entry<SourceState, Set<String>> some : keys.entrySet()) {
                if (lookAt(some.getKey(), some.getValue(), remembered)) {
                    left.removeAll(some.getValue());
                }
            }
        } finally {
            synchronized (events) {
                events.addAll(left);
            }
        }
    }

    /** @return whether it came to its end */
    private boolean lookAt(SourceState state, Set<String> keys, Remembered remembered) throws InterruptedException {
        String prefix = state.source().prefix();
        Looked before = memory.looked(prefix, remembered.keys());
        Set<ImageId> removed = remembered.removed();
        Progress progress = new Progress();
        try (Difference difference = new Difference(keys::contains, rows, temporary)) {
            difference.make(
                    objects -> {
                        for (String key : keys) {
                            if (ObjectStore.isKey(key)) {
                                store.head(key)
                                        .ifPresent(head ->
                                                objects.accept(new Listed(key, head.lastModified(), head.bytes())));
                            }
                        }
                        return Instant.now();
                    },
                    before.asides(),
                    holds(removed, false),
                    progress.listed::incrementAndGet);
            Map<String, Aside> asides = new HashMap<>(before.asides());
            asides.keySet().removeAll(keys);
            asides.putAll(difference.asides());
            Look look = new Look(tools, difference, asides, remembered, progress, () -> mayGoOn(state));
            boolean done = look.run();
            if (progress.added.get() > 0) {
                look.removeDeleted(removedSince(removed));
            }
            if (done && !look.asides().equals(before.asides())) {
                memory.write(prefix, new Looked(before.report(), look.asides()), remembered.keys());
            }
            log.info("source={} events={} {}", prefix, keys.size(), progress.report());
            return done;
        }
    }

    /** Ends what runs, within a moment. Twice is fine. */
    @Override
    public void close() {
        closed = true;
        thread.shutdown();
    }
}
