package dev.glimpse.consistency;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the table with the store: whether each row has its picture, each picture its row, and a sample of the pictures the bytes that
 * their names say. With repair, it adds the rows that are missing and removes those without a picture. There is one run at a time, on a
 * thread of its own. Safe for use by several threads.
 */
final class Verifier {
    private static final Logger log = LoggerFactory.getLogger(Verifier.class);

    /** Ids that a report names; it counts all. */
    private static final int EXAMPLES = 20;

    /** Pictures that are looked at, or wait for a commit together, at the same time. */
    private static final int AT_ONCE = 512;

    /** Mended rows between two lines in the log. */
    private static final int LOGGED_EACH = 1_000;

    /** Pictures in memory at the same time. */
    private static final int HASHED_AT_ONCE = 8;

    /** How far a run is. */
    enum State {
        NEVER_RUN,
        RUNNING,
        DONE,
        FAILED
    }

    /** Something that is not as it should be: how often, and where for example. */
    record Finding(int count, List<String> examples) {}

    /**
     * What a run has found, so far or at its end.
     *
     * @param pictures that were listed
     * @param rows that were compared
     * @param hashed pictures that were read and hashed
     * @param withoutRow pictures that no search finds
     * @param withoutPicture rows whose picture is missing
     * @param otherNotes pictures of the sample whose rows say something else than they do: caption, tags, file name or time
     * @param corrupt pictures whose bytes do not have the hash in their name; they are not mended
     * @param toMend rows that are to be added, removed or changed
     * @param mended rows that were added, removed or changed
     * @param movedAside where the files of a table are that could not be read; null if none were moved
     * @param message why it failed
     */
    record Report(
            State state,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt,
            boolean repair,
            long pictures,
            long rows,
            long hashed,
            Finding withoutRow,
            Finding withoutPicture,
            Finding otherNotes,
            Finding corrupt,
            int toMend,
            int mended,
            @Nullable String movedAside,
            @Nullable String message) {}

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final PictureListing pictures;
    private final Reconciler reconciler;
    private final IntentMarkers intents;
    private final WriteTimings timings;
    private final Executor requests;
    private final Executor thread;
    private volatile Run run = new Run(State.NEVER_RUN, false, false);

    /**
     * @param requests runs what waits for the store
     * @param thread runs the whole
     */
    Verifier(
            ObjectStore store,
            ImageDataset dataset,
            PictureListing pictures,
            Reconciler reconciler,
            IntentMarkers intents,
            WriteTimings timings,
            Executor requests,
            Executor thread) {
        this.store = store;
        this.dataset = dataset;
        this.pictures = pictures;
        this.reconciler = reconciler;
        this.intents = intents;
        this.timings = timings;
        this.requests = requests;
        this.thread = thread;
    }

    /** The run that was asked for last. */
    Report report() {
        return run.report();
    }

    /**
     * Starts a run; see {@link #report} for its progress.
     *
     * @param sample pictures to be read, hashed and compared with their rows, chosen by chance; each is two class B requests
     * @param repair adds the rows of pictures that lack one, removes those whose pictures are missing, and lets those of the sample say
     *     what their pictures say; a table that cannot be
     *     read is moved aside before, and a new one made
     * @throws VerifyRunningException if one runs
     * @throws dev.glimpse.storage.UntrustedBucketException with repair, if the store does not refuse a second put of a key
     */
    void start(long sample, boolean repair) {
        start(sample, repair, false);
    }

    /** @param again whether another run follows if this one fails */
    private synchronized void start(long sample, boolean repair, boolean again) {
        if (run.state == State.RUNNING) {
            throw new VerifyRunningException("a run has been going on since " + run.startedAt);
        }
        if (repair) {
            store.requireConditionalPuts();
        }
        Run started = new Run(State.RUNNING, repair, again);
        run = started;
        thread.execute(() -> started.run(sample));
    }

    /** Starts a run with repair, and starts it again later until one has come to its end. For pictures that lost their rows with a table. */
    void repairUntilDone() {
        try {
            start(0, true, true);
        } catch (VerifyRunningException | StoreUnavailableException e) {
            log.info("pictures that have no row get one later: {}", e.getMessage());
            repairLater();
        }
    }

    private void repairLater() {
        CompletableFuture.delayedExecutor(timings.retry().toSeconds(), TimeUnit.SECONDS, thread)
                .execute(this::repairUntilDone);
    }

    private static final class Findings {
        private final AtomicInteger count = new AtomicInteger();
        private final List<String> examples = new ArrayList<>();

        synchronized void add(ImageId id) {
            count.incrementAndGet();
            if (examples.size() < EXAMPLES) {
                examples.add(id.toString());
            }
        }

        synchronized Finding finding() {
            return new Finding(count.get(), List.copyOf(examples));
        }
    }

    private final class Run {
        private final boolean repair;
        private final boolean again;
        private final @Nullable Instant startedAt;
        private final AtomicLong listed = new AtomicLong();
        private final AtomicLong rows = new AtomicLong();
        private final AtomicLong hashed = new AtomicLong();
        private final AtomicInteger mended = new AtomicInteger();
        private volatile int toMend;
        private final Findings withoutRow = new Findings();
        private final Findings withoutPicture = new Findings();
        private final Findings otherNotes = new Findings();
        private final Findings corrupt = new Findings();
        private volatile State state;
        private volatile @Nullable Instant finishedAt;
        private volatile @Nullable String movedAside;
        private volatile @Nullable String message;

        Run(State state, boolean repair, boolean again) {
            this.state = state;
            this.repair = repair;
            this.again = again;
            this.startedAt = state == State.RUNNING ? Instant.now() : null;
        }

        Report report() {
            return new Report(
                    state,
                    startedAt,
                    finishedAt,
                    repair,
                    listed.get(),
                    rows.get(),
                    hashed.get(),
                    withoutRow.finding(),
                    withoutPicture.finding(),
                    otherNotes.finding(),
                    corrupt.finding(),
                    toMend,
                    mended.get(),
                    movedAside,
                    message);
        }

        void run(long sample) {
            try {
                compare(sample);
                state = State.DONE;
            } catch (DamagedTableException | TableUnavailableException | StoreUnavailableException e) {
                log.warn("the verification ended early: {}", e.getMessage());
                message = String.valueOf(e.getMessage());
                state = State.FAILED;
            } catch (RuntimeException e) {
                log.warn("the verification ended early", e);
                message = String.valueOf(e.getMessage());
                state = State.FAILED;
            }
            finishedAt = Instant.now();
            log.info("verified {}", report());
            if (again && state == State.FAILED) {
                repairLater();
            }
        }

        private void compare(long sample) {
            try {
                dataset.readAnew();
            } catch (DamagedTableException e) {
                if (!repair) {
                    throw e;
                }
                movedAside = dataset.rebuild();
            }
            if (repair) {
                dataset.requireWritable();
            }
            IdSet seen = new IdSet();
            List<ImageId> lackRow = new ArrayList<>();
            Sample chosen = new Sample(sample);
            pictures.forEach((id, put) -> {
                synchronized (seen) {
                    seen.add(id);
                    chosen.offer(id);
                    if (!dataset.stateOf(id).isShown()) {
                        lackRow.add(id);
                    }
                }
                listed.incrementAndGet();
            });
            // Looks at their sources compare these.
            dataset.sourceRows().forEach((id, place) -> seen.add(id));
            List<ImageId> lackPicture = new ArrayList<>();
            dataset.forEachId(id -> {
                rows.incrementAndGet();
                if (!seen.contains(id) && dataset.stateOf(id).isShown()) {
                    lackPicture.add(id);
                }
            });
            // Uploads and deletes go on meanwhile, here and elsewhere, so what looked wrong is looked at again.
            List<ImageId> withoutMarker = notIf(
                    lackRow,
                    id -> store.head(id.toString()).map(intents::isMarked).orElse(true));
            List<ImageId> missing =
                    notIf(lackPicture, id -> store.head(id.toString()).isPresent());
            dataset.refresh().join();
            withoutMarker.removeIf(id -> dataset.stateOf(id).isShown());
            missing.removeIf(id -> !dataset.stateOf(id).isShown());
            withoutMarker.forEach(withoutRow::add);
            missing.forEach(withoutPicture::add);
            int toAddOrRemove = withoutMarker.size() + missing.size();
            if (repair) {
                Set<ImageId> lackRows = Set.copyOf(withoutMarker);
                List<ImageId> wrong =
                        Stream.of(withoutMarker, missing).flatMap(List::stream).toList();
                toMend = toAddOrRemove;
                PictureListing.work(wrong, AT_ONCE, id -> mend(id, lackRows.contains(id)));
                // What has no row now cannot have one.
                dataset.completed();
            }
            PictureListing.work(
                    chosen.ids, HASHED_AT_ONCE, id -> CompletableFuture.runAsync(() -> checkHash(id), requests));
            // Twice, as pictures are edited meanwhile.
            List<ImageId> others = saidOtherwise(saidOtherwise(chosen.ids));
            others.forEach(otherNotes::add);
            if (repair) {
                toMend = toAddOrRemove + others.size();
                PictureListing.work(
                        others, AT_ONCE, id -> reconciler.describe(id).thenAccept(there -> mended.incrementAndGet()));
            }
        }

        /** Those of these pictures whose rows say something else than they do, as far as the pictures say anything. */
        private List<ImageId> saidOtherwise(List<ImageId> ids) {
            if (ids.isEmpty()) {
                return ids;
            }
            dataset.refresh().join();
            Set<ImageId> asked = Set.copyOf(ids);
            Map<ImageId, RowNotes> said = new HashMap<>();
            dataset.forEachRow((id, notes) -> {
                if (asked.contains(id)) {
                    said.put(id, notes);
                }
            });
            return notIf(
                    ids,
                    id -> !said.containsKey(id)
                            || store.head(id.toString())
                                    .map(ObjectHead::metadata)
                                    .filter(UploadMetadata::isSaid)
                                    .map(metadata -> UploadMetadata.fromMetadata(metadata)
                                            .rowNotes()
                                            .isSaidBy(said.get(id)))
                                    .orElse(true));
        }

        private List<ImageId> notIf(List<ImageId> ids, Predicate<ImageId> condition) {
            List<ImageId> rest = Collections.synchronizedList(new ArrayList<>());
            PictureListing.work(
                    ids,
                    AT_ONCE,
                    id -> CompletableFuture.runAsync(
                            () -> {
                                if (!condition.test(id)) {
                                    rest.add(id);
                                }
                            },
                            requests));
            return rest;
        }

        private CompletableFuture<?> mend(ImageId id, boolean picture) {
            return reconciler.reconcile(id).thenAccept(there -> {
                if (there == picture && mended.incrementAndGet() % LOGGED_EACH == 0) {
                    log.info("mended {} of {}", mended, toMend);
                }
            });
        }

        private void checkHash(ImageId id) {
            Optional<byte[]> bytes = store.get(id.toString());
            if (bytes.isPresent() && !ImageId.of(bytes.get(), id.format()).equals(id)) {
                corrupt.add(id);
            }
            hashed.incrementAndGet();
        }
    }

    /** Chooses pictures by chance, each with the same chance, from all that are offered (Vitter's algorithm R). */
    private static final class Sample {
        private final long size;
        private final List<ImageId> ids = new ArrayList<>();
        private final Random chance = new Random();
        private long offered;

        Sample(long size) {
            this.size = size;
        }

        void offer(ImageId id) {
            offered++;
            if (ids.size() < size) {
                ids.add(id);
            } else if (size > 0) {
                long place = chance.nextLong(offered);
                if (place < size) {
                    ids.set((int) place, id);
                }
            }
        }
    }
}
