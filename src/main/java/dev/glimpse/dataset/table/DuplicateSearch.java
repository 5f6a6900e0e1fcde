package dev.glimpse.dataset.table;

import dev.glimpse.dataset.DuplicateGroups;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.Likenesses;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.commit.Overlay;
import dev.glimpse.dataset.lance.Duplicates;
import dev.glimpse.dataset.lance.LocalRows;
import dev.glimpse.dataset.lance.Progress;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * Finds pictures that look the same, in memory alone. The groups of a version are made on a thread of their own, of the groups of the version
 * before, and kept. While searches run, that thread rests. Safe for use by several threads.
 */
public final class DuplicateSearch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DuplicateSearch.class);

    private static final Duration DEADLINE = Duration.ofSeconds(10);

    /** Whoever asks does not wait for groups that will probably take longer. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** After each such time it is estimated again how long the groups will take. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** The longest rest between two pieces of work, so that searches without a pause do not stop it. */
    private static final Duration REST = Duration.ofMillis(20);

    private static final Duration SHORT_REST = Duration.ofMillis(1);

    /** Groups that took a second to make are good for ten, so that making them never takes more than a tenth of a processor's time. */
    private static final int GOOD_FOR = 10;

    private final TableSupervisor supervisor;
    private final UnaryOperator<Picture> located;
    private final LongSupplier clock;
    private final ThreadPoolTaskExecutor thread = OpenTable.pool("table-duplicates", 1, 1);
    private volatile boolean closed;

    /** Guarded by this. */
    private @Nullable Made last;

    /** The groups that are just being made. Guarded by this. */
    private @Nullable Making coming;

    /** The groups of a version, and what they were made of. */
    private record Made(
            OpenTable table, LocalRows rows, long version, Duplicates duplicates, long madeAt, long tookNanos) {}

    /** Makes the groups of the version that is current when its turn comes. */
    private final class Making implements Progress {
        private final OpenTable table;
        private final @Nullable Made before;
        private final CompletableFuture<Made> done;

        private volatile long startedAt = clock.getAsLong();
        private volatile double share;
        private volatile @Nullable LocalRows rows;

        private Making(OpenTable table, @Nullable Made before) {
            this.table = table;
            this.before = before;
            this.done = thread.submitCompletable(this::make);
        }

        private Made make() {
            startedAt = clock.getAsLong();
            try {
                Snapshot snapshot = table.table().snapshots().current();
                LocalRows current = snapshot.rows();
                if (current == null) {
                    throw new TableBusyException(
                            "duplicates are found in memory, and the table is not there: it is still being read, or has too many rows for it");
                }
                current.requireRoomForDuplicates(Runtime.getRuntime().maxMemory());
                rows = current;
                Duplicates duplicates = current.duplicates(before == null ? null : before.duplicates, this);
                long now = clock.getAsLong();
                Made made = new Made(table, current, snapshot.version(), duplicates, now, now - startedAt);
                if (before == null) {
                    log.info(
                            "duplicates version={} rows={} groups={} milliseconds={}",
                            made.version,
                            current.vectors().size(),
                            duplicates.size(),
                            TimeUnit.NANOSECONDS.toMillis(made.tookNanos));
                }
                synchronized (DuplicateSearch.this) {
                    last = made;
                }
                return made;
            } finally {
                synchronized (DuplicateSearch.this) {
                    if (coming == this) {
                        coming = null;
                    }
                }
            }
        }

        @Override
        public void at(double done) {
            share = done;
            long since = clock.getAsLong();
            do {
                if (closed || supervisor.table().orElse(null) != table) {
                    throw new TableBusyException("the table is being closed, or opened anew");
                }
                if (table.isIdle()) {
                    return;
                }
                LockSupport.parkNanos(SHORT_REST.toNanos());
            } while (clock.getAsLong() - since < REST.toNanos());
        }

        /** How long this will probably take from now on. Empty as long as that cannot be said. */
        private Optional<Duration> left() {
            double part = share;
            long elapsed = clock.getAsLong() - startedAt;
            return part == 0 ? Optional.empty() : Optional.of(Duration.ofNanos((long) (elapsed / part * (1 - part))));
        }

        private TableBusyException busy() {
            Optional<Duration> left = left();
            String said = "the groups are still being made";
            return left.map(time -> new TableBusyException(
                            "%s: %.0f %% is done, and the rest takes about %d s"
                                    .formatted(said, Math.floor(100 * share), seconds(time)),
                            Duration.ofSeconds(seconds(time))))
                    .orElseGet(() -> new TableBusyException(said + "; ask again"));
        }

        private static long seconds(Duration time) {
            return time.toSeconds() + 1;
        }
    }

    /** @param located gives a picture the address that it has in this store */
    public DuplicateSearch(TableSupervisor supervisor, UnaryOperator<Picture> located) {
        this(supervisor, located, System::nanoTime);
    }

    /** @param clock in nanoseconds */
    DuplicateSearch(TableSupervisor supervisor, UnaryOperator<Picture> located, LongSupplier clock) {
        this.supervisor = supervisor;
        this.located = located;
        this.clock = clock;
        supervisor.whenRowsMayBeClosed(this::forgetClosed);
    }

    /** Groups of closed rows are of no use, and they would keep the disk space of deleted files. */
    private synchronized void forgetClosed() {
        if (last != null && last.rows.isClosed()) {
            last = null;
        }
    }

    /** See {@link ImageDataset#likenesses}. */
    public Likenesses likenesses(ImageId id, int k) {
        try {
            return likenessesOf(id, k);
        } catch (TableBusyException | IllegalStateException | UncheckedIOException e) {
            // The table is being closed, or opened anew.
            log.debug("it is not known what is like {}", id, e);
            return Likenesses.UNKNOWN;
        }
    }

    private Likenesses likenessesOf(ImageId id, int k) {
        OpenTable table = supervisor.table().orElse(null);
        if (table == null) {
            return Likenesses.UNKNOWN;
        }
        // Before the version is looked at: else a row could be found in neither.
        Overlay overlay = table.ledger().overlay();
        LocalRows rows = rows(table);
        if (rows == null) {
            return Likenesses.UNKNOWN;
        }
        Optional<PictureRow> waiting = overlay.inMemory(id);
        Optional<Picture> picture =
                waiting.map(Picture::of).or(() -> rows.find(id)).map(located);
        Optional<Fingerprint> fingerprint =
                waiting.isPresent() ? waiting.map(PictureRow::fingerprint) : rows.fingerprintOf(id);
        Optional<Embedding> vector =
                waiting.isPresent() ? waiting.map(row -> row.vectorOf(rows.model())) : rows.vectorOf(id);
        return new Likenesses(
                picture,
                fingerprint.flatMap(own -> vector.map(direction -> Stream.concat(
                                rows.likenesses(own, direction).stream()
                                        .filter(other -> !overlay.isHidden(
                                                other.picture().id())),
                                overlay.likenesses(own, direction, rows.model()).stream())
                        .filter(other -> !other.picture().id().equals(id.toString()))
                        .sorted(Likeness.NEAREST_FIRST)
                        .collect(Collectors.toMap(
                                other -> other.picture().id(), other -> other, (one, again) -> one, LinkedHashMap::new))
                        .values()
                        .stream()
                        .limit(k)
                        .map(other -> new Likeness(located.apply(other.picture()), other.kind(), other.distance()))
                        .toList())));
    }

    private static @Nullable LocalRows rows(OpenTable table) {
        return table.table().snapshots().current().rows();
    }

    /** See {@link ImageDataset#duplicates}. */
    public DuplicateGroups groups(
            Likeness.@Nullable Kind kind,
            @Nullable ListPosition after,
            int k,
            Predicate<List<Picture>> shown,
            boolean large) {
        OpenTable table = supervisor.require();
        table.guard().requireSearchable();
        LocalRows begun = rows(table);
        try {
            return groups(table, kind, after, k, shown, large);
        } catch (IllegalStateException | UncheckedIOException e) {
            LocalRows now = rows(table);
            if (supervisor.table().orElse(null) == table && begun != null && now != null && now.isOfSameRows(begun)) {
                throw e;
            }
            log.debug("the rows were closed while their groups were read", e);
            throw opening();
        }
    }

    private DuplicateGroups groups(
            OpenTable table,
            Likeness.@Nullable Kind kind,
            @Nullable ListPosition after,
            int k,
            Predicate<List<Picture>> shown,
            boolean large) {
        Made made = made(table);
        // Before the version is looked at: else a picture that is removed just now could be shown.
        Overlay overlay = table.ledger().overlay();
        LocalRows current = rows(table);
        if (!isOpen(made, current)) {
            throw opening();
        }
        List<DuplicateGroups.Group> groups = made.duplicates.after(
                kind,
                after,
                k,
                current == null ? made.rows : current,
                picture -> overlay.isHidden(picture.id()),
                shown,
                large);
        return new DuplicateGroups(
                made.version,
                made.duplicates.unknown(),
                made.duplicates.isComplete(),
                groups.stream()
                        .map(group -> new DuplicateGroups.Group(
                                group.position(),
                                group.kind(),
                                group.count(),
                                group.pictures().stream().map(located).toList()))
                        .toList());
    }

    private static TableBusyException opening() {
        return new TableBusyException("the table is being opened anew, or searched by another model; ask again");
    }

    /** The groups of the current version; of an earlier one if that will take long, or took long just before. */
    private Made made(OpenTable table) {
        Making making;
        Made older;
        synchronized (this) {
            older = last != null && last.table == table && isOpen(last, rows(table)) ? last : null;
            if (older != null && isGood(older)) {
                return older;
            }
            if (coming == null || coming.table != table) {
                coming = new Making(table, older);
            }
            making = coming;
        }
        long asked = clock.getAsLong();
        do {
            try {
                return making.done.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                log.trace("the groups are still being made", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TableBusyException("interrupted while the groups are being made");
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException cause
                        ? cause
                        : new IllegalStateException("no groups can be made: " + e.getCause(), e);
            }
        } while (clock.getAsLong() - asked < DEADLINE.toNanos()
                && making.left().filter(left -> left.compareTo(PATIENCE) > 0).isEmpty());
        if (older != null) {
            return older;
        }
        throw making.busy();
    }

    /** Rows of another model are closed, and cannot be shown any more. */
    private static boolean isOpen(Made made, @Nullable LocalRows current) {
        return current == null || current.isOfSameRows(made.rows);
    }

    private boolean isGood(Made made) {
        return made.rows == rows(made.table) || clock.getAsLong() - made.madeAt < GOOD_FOR * made.tookNanos;
    }

    /** About how many bytes of the heap the groups take, and while they are made, what that takes. */
    public long bytes() {
        Made made;
        Making making;
        synchronized (this) {
            made = last;
            making = coming;
        }
        LocalRows rows = making == null ? null : making.rows;
        return (made == null ? 0 : made.duplicates.bytes()) + (rows == null ? 0 : rows.bytesForDuplicates());
    }

    /** Groups that are being made are given up. Twice is fine. */
    @Override
    public void close() {
        closed = true;
        thread.shutdown();
    }
}
