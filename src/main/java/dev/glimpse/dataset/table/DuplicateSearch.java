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
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * Finds pictures that look the same, in memory alone. The groups of a version are made on a thread of their own and kept, so searches do
 * not wait for them. Safe for use by several threads.
 */
public final class DuplicateSearch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DuplicateSearch.class);

    private static final Duration DEADLINE = Duration.ofSeconds(10);

    /** Groups that took a second to make are good for ten, so that making them never takes more than a tenth of a processor's time. */
    private static final int REST = 10;

    private final TableSupervisor supervisor;
    private final UnaryOperator<Picture> located;
    private final ThreadPoolTaskExecutor thread = OpenTable.pool("table-duplicates", 1, 1);

    /** Guarded by this. */
    private @Nullable Made last;

    /** The groups that are just being made. Guarded by this. */
    private @Nullable CompletableFuture<Made> coming;

    /** The groups of a version, and what they were made of. */
    private record Made(
            OpenTable table, LocalRows rows, long version, Duplicates duplicates, long madeAt, long tookNanos) {
        boolean isGood(OpenTable now, @Nullable LocalRows current) {
            return table == now && (rows == current || System.nanoTime() - madeAt < REST * tookNanos);
        }
    }

    /** @param located gives a picture the address that it has in this store */
    public DuplicateSearch(TableSupervisor supervisor, UnaryOperator<Picture> located) {
        this.supervisor = supervisor;
        this.located = located;
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
        Optional<Embedding> vector = waiting.isPresent() ? waiting.map(PictureRow::vector) : rows.vectorOf(id);
        return new Likenesses(
                picture,
                fingerprint.flatMap(own -> vector.map(direction -> Stream.concat(
                                rows.likenesses(own, direction).stream()
                                        .filter(other -> !overlay.isHidden(
                                                other.picture().id())),
                                overlay.likenesses(own, direction).stream())
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
        Made made = made(table);
        Overlay overlay = table.ledger().overlay();
        List<DuplicateGroups.Group> groups =
                made.duplicates.after(kind, after, k, picture -> overlay.isHidden(picture.id()), shown, large);
        return new DuplicateGroups(
                made.version,
                made.duplicates.unknown(),
                groups.stream()
                        .map(group -> new DuplicateGroups.Group(
                                group.position(),
                                group.kind(),
                                group.count(),
                                group.pictures().stream().map(located).toList()))
                        .toList());
    }

    private Made made(OpenTable table) {
        CompletableFuture<Made> making;
        Made older;
        synchronized (this) {
            older = last;
            if (older != null && older.isGood(table, rows(table))) {
                return older;
            }
            if (coming == null) {
                coming = thread.submitCompletable(() -> make(table));
            }
            making = coming;
        }
        try {
            return making.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            if (older != null && older.table == table) {
                return older;
            }
            throw new TableBusyException("the groups are still being made; ask again");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while the groups are being made");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException("no groups can be made: " + e.getCause(), e);
        }
    }

    private Made make(OpenTable table) {
        long start = System.nanoTime();
        try {
            Snapshot snapshot = table.table().snapshots().current();
            LocalRows rows = snapshot.rows();
            if (rows == null) {
                throw new TableBusyException(
                        "duplicates are found in memory, and the table is not there: it is still being read, or has too many rows for it");
            }
            Duplicates duplicates = rows.duplicates();
            long end = System.nanoTime();
            Made made = new Made(table, rows, snapshot.version(), duplicates, end, end - start);
            synchronized (this) {
                last = made;
            }
            return made;
        } finally {
            synchronized (this) {
                coming = null;
            }
        }
    }

    /** Waits a moment for groups that are being made. Twice is fine. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
