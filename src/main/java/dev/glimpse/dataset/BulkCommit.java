package dev.glimpse.dataset;

import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commit of a bulk job. All rows are compared with the table once; after that, each attempt looks only at what others have added since,
 * so that it is as fast as a server's commit, however many rows the job has. For one thread, and for one commit.
 */
final class BulkCommit {
    private static final Logger log = LoggerFactory.getLogger(BulkCommit.class);

    /** Files that are copied into the table before the job says that it is alive. */
    private static final int BROUGHT_AT_ONCE = 128;

    /** A store that does not answer is asked again for so long. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final List<BulkFragment> written;
    private final FollowedTable table;
    private final PictureLook look;
    private final BulkLease lease;
    private final Supplier<BulkWriter> writer;
    private final Runnable beAlive;
    private final Elapsed.Clocks clocks;

    /** Pictures that were deleted after the job had stored them; null before the look. */
    private @Nullable Set<ImageId> gone;

    /** What is to come in; null before the rows were compared with the table. */
    private @Nullable List<BulkFragment> fragments;

    /** The pictures of what is to come in. None had a row at the last look at the table, but for those that came. */
    private IdSet coming = new IdSet();

    /** Pictures among those that are to come in which have got a row from others, and are still to be left out. */
    private IdSet came = new IdSet();

    /** What has been copied into the table, by the names there. */
    private final Map<String, BulkFragment> names = new LinkedHashMap<>();

    private final Map<String, Elapsed> since = new HashMap<>();

    /** Whether the store did not answer the last attempt, which may have succeeded. */
    private boolean uncertain;

    /** Whether the store did not answer some attempt of this commit. */
    private boolean everUncertain;

    /** Since when the store does not answer; null while it does. */
    private @Nullable Elapsed failing;

    /**
     * @param written all that is to be committed
     * @param writer writes rows once more, for the newest version
     * @param beAlive says that the job is alive, within what takes long
     */
    BulkCommit(
            List<BulkFragment> written,
            FollowedTable table,
            PictureLook look,
            BulkLease lease,
            Supplier<BulkWriter> writer,
            Runnable beAlive,
            Elapsed.Clocks clocks) {
        this.written = written;
        this.table = table;
        this.look = look;
        this.lease = lease;
        this.writer = writer;
        this.beAlive = beAlive;
        this.clocks = clocks;
    }

    /** The pictures that were left out because they are gone. */
    Set<ImageId> gone() {
        return gone == null ? Set.of() : gone;
    }

    /** Whether rows that {@link #untilWon} does not tell of may have come in by an attempt that the store did not answer. */
    boolean mayHaveMore() {
        return everUncertain;
    }

    /**
     * Commits the rows.
     *
     * @return what is in the table now
     * @throws TableBusyException if another job has taken the table, or other writers were faster each time
     * @throws OutdatedException if the table has lost columns that the rows have
     * @throws StoreUnavailableException if the store does not answer for some minutes, or for so long that another job may have the table
     */
    List<BulkFragment> untilWon() throws IOException {
        for (int lost = 0; lost < FollowedTable.ATTEMPTS; ) {
            lease.require();
            try {
                List<BulkFragment> compared = compared();
                if (compared.isEmpty() || attempt(compared)) {
                    return compared;
                }
                lost++;
                failing = null;
            } catch (TableLostException e) {
                table.reopen(e);
                lost++;
            } catch (OutdatedException e) {
                if (since.values().stream().noneMatch(this::isOld)) {
                    throw e;
                }
                // Garbage collection may have looked at them meanwhile, so they get other names.
                names.clear();
                since.clear();
                lost++;
            } catch (StoreUnavailableException e) {
                failing = failing == null ? clocks.started() : failing;
                if (failing.isOver(PATIENCE) || !lease.keep()) {
                    throw e;
                }
                log.warn("the commit waits for the store: {}", e.getMessage());
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        throw FollowedTable.lostRaces();
    }

    private boolean isOld(Elapsed since) {
        return since.isOver(TableTimings.USUAL.shipped());
    }

    /** What is to come in: without rows of pictures that are gone or have a row, and without second rows. */
    private List<BulkFragment> compared() throws IOException {
        if (gone == null) {
            long rows = written.stream().mapToLong(BulkFragment::rows).sum();
            gone = look.gone(
                    written,
                    id -> !table.known().contains(id),
                    table.newest().manifest().rows() + rows);
        }
        if (fragments == null) {
            table.catchUp();
            failing = null;
            Set<ImageId> left = gone;
            IdSet ids = new IdSet();
            fragments = without(written, id -> table.known().contains(id) || left.contains(id) || !ids.add(id));
            coming.addAll(ids);
        }
        if (came.size() > 0) {
            fragments = without(fragments, came::contains);
            coming.removeAll(came);
            came = new IdSet();
        }
        return fragments;
    }

    private boolean attempt(List<BulkFragment> compared) throws IOException {
        bring(compared);
        came.addAll(table.catchUp(coming));
        if (uncertain && came.size() == coming.size()) {
            return true;
        }
        boolean mayHaveWon = uncertain;
        uncertain = false;
        if (mayHaveWon && came.size() > 0) {
            // Some of its rows may have been deleted since, so all of them are looked at once more.
            gone = null;
            fragments = null;
            coming = new IdSet();
            came = new IdSet();
            return false;
        }
        if (came.size() > 0) {
            return false;
        }
        try {
            return table.newest().append(names, since);
        } catch (StoreUnavailableException e) {
            uncertain = true;
            everUncertain = true;
            throw e;
        }
    }

    private List<BulkFragment> without(List<BulkFragment> all, Predicate<ImageId> others) {
        BulkWriter again = writer.get();
        List<BulkFragment> rest = new ArrayList<>();
        for (BulkFragment fragment : all) {
            beAlive.run();
            List<ImageId> out = fragment.idsThat(others);
            if (!out.isEmpty()) {
                log.info("{} of {} have rows by now, or no pictures", out.size(), fragment);
            }
            rest.addAll(again.without(fragment, out));
        }
        return rest;
    }

    /** Copies those files into the table that are not there, and forgets those that are not wanted any more. */
    private void bring(List<BulkFragment> compared) throws IOException {
        Set<String> wanted = compared.stream().map(BulkFragment::key).collect(Collectors.toSet());
        names.values().removeIf(fragment -> !wanted.contains(fragment.key()));
        since.keySet().retainAll(names.keySet());
        names.values().forEach(fragment -> wanted.remove(fragment.key()));
        List<BulkFragment> lacking = compared.stream()
                .filter(fragment -> wanted.contains(fragment.key()))
                .toList();
        for (int start = 0; start < lacking.size(); start += BROUGHT_AT_ONCE) {
            Map<String, BulkFragment> some = new LinkedHashMap<>();
            Map<String, String> keys = new HashMap<>();
            for (BulkFragment fragment : lacking.subList(start, Math.min(lacking.size(), start + BROUGHT_AT_ONCE))) {
                String name = TableLocation.DATA + UUID.randomUUID() + ".lance";
                some.put(name, fragment);
                keys.put(name, fragment.key());
            }
            since.putAll(table.newest().replica().publisher().bring(keys));
            names.putAll(some);
            failing = null;
            beAlive.run();
        }
    }
}
