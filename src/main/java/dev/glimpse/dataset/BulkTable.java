package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The table as one bulk job sees it, beside the servers that use it. Many processes write rows apart from the table, by {@link BulkWriter};
 * one commit brings them in. One job at a time has the table: it holds a lease in the store.
 *
 * <p><b>Where the rows wait.</b> Below {@code bulk/} in the store and not in the table's own folder: there, garbage collection removes
 * what no version names, and a job may take hours. The commit copies the files into the table at its end.
 *
 * <p>For one thread. Owns native memory and threads; close it after the last use.
 */
public final class BulkTable implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(BulkTable.class);

    /** The keys of what a bulk job has not committed begin so. */
    public static final String FOLDER = "bulk/";

    /** Files that are copied into the table before the lease is renewed. */
    private static final int BROUGHT_AT_ONCE = 128;

    private final ObjectStore store;
    private final ModelStamp model;
    private final Path work;
    private final BulkLease lease;
    private final FollowedTable table;
    private final BulkFiles files;
    private final PicturelessRows pictureless;

    /** Rows that jobs before have committed, and that this one has taken out. */
    private long gone;

    private BulkTable(
            ObjectStore store, Path work, ModelStamp model, BulkLease lease, GoneMarks marks, FollowedTable table) {
        this.store = store;
        this.model = model;
        this.work = work;
        this.lease = lease;
        this.table = table;
        this.files = new BulkFiles(store, lease);
        this.pictureless = new PicturelessRows(store, lease, marks, table::delete);
    }

    /**
     * Opens the table of this store, or creates an empty one, if no other bulk job has it.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @param model that makes the vectors of the rows
     * @param lease how long a job has the table after it has said last that it is alive, which a thread does by itself
     * @param marks what servers find if rows are taken out and this process ends half way
     * @throws TableBusyException if another bulk job has the table
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if searches of the table use another model
     * @throws StoreUnavailableException if the store does not answer
     */
    public static BulkTable open(ObjectStore store, Path work, ModelStamp model, Duration lease, GoneMarks marks) {
        return open(store, work, model, lease, marks, Elapsed.Clocks.SYSTEM);
    }

    /** @param clocks of this process */
    static BulkTable open(
            ObjectStore store, Path work, ModelStamp model, Duration lease, GoneMarks marks, Elapsed.Clocks clocks) {
        try {
            store.requireConditionalPuts();
            BulkLease mine = BulkLease.take(store, work, lease, clocks);
            try {
                return new BulkTable(
                        store, work, model, mine, marks, FollowedTable.open(store, work, model, mine, clocks));
            } catch (IOException | RuntimeException e) {
                mine.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the table " + store.address(ImageDataset.KEY), e);
        }
    }

    /** The newest version that is known here. */
    public long version() {
        return table.newest().manifest().version();
    }

    /** The number of rows in the newest version that is known here. */
    public long rows() {
        return table.newest().manifest().rows();
    }

    /** The pictures that have rows in the newest version that is known here. A copy, in some 32 bytes each. */
    public IdSet ids() {
        IdSet copy = new IdSet();
        copy.addAll(table.known());
        return copy;
    }

    /** What other processes have to know to write rows for the newest version that is known here. */
    public BulkBase base() {
        Manifest manifest = table.newest().manifest();
        String name = table.newest().replica().manifests().name();
        try {
            return new BulkBase(
                    table.id(),
                    files.own(),
                    name,
                    Files.readAllBytes(table.newest().replica().folder().resolve(TableLocation.VERSIONS + name)),
                    manifest.metadata());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the manifest of version " + manifest.version(), e);
        }
    }

    /**
     * The rows that jobs before this one have written and not committed, because they were stopped. To be committed by this one. Rows that
     * are of no use any more are removed from the store. Of rows that such a job has committed, those are taken out whose pictures are
     * gone: it may have been stopped before it did so. Call this before {@link #ids}.
     *
     * @throws TableBusyException if another job has taken the table
     * @throws StoreUnavailableException if the store does not answer
     */
    public List<BulkFragment> left() {
        BulkFiles.Found found = files.find();
        List<BulkFragment> ours = found.fragments().stream()
                .filter(fragment -> fragment.table().equals(table.id()))
                .toList();
        // Before rows are taken out: these do not come again.
        List<BulkFragment> left = new ArrayList<>();
        IdSet seen = new IdSet();
        for (BulkFragment fragment : ours) {
            lease.require();
            if (fits(fragment)
                    && !fragment.idsThat(id -> !table.known().contains(id) && seen.add(id))
                            .isEmpty()) {
                left.add(fragment);
            }
        }
        try {
            gone += pictureless.remove(ours, id -> table.known().contains(id), rows());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look at the rows of a job before", e);
        }
        files.removeAllBut(left, found);
        return left;
    }

    private boolean fits(BulkFragment fragment) {
        return fragment.model().equals(model.fingerprint())
                && table.newest().hasColumnsOf(fragment)
                && files.has(fragment);
    }

    /**
     * Looks whether this job still has the table, and follows the table's versions, of which old ones are removed: to be called some times
     * a minute while others write rows.
     *
     * @return false if another job has the table, or may have it, because this one was too slow or the store did not answer
     * @throws ModelMismatchException if searches of the table use another model by now
     * @throws ForeignTableException if no row can be added to the table any more
     * @throws TableLostException if the store has another table by now, or none
     */
    public boolean keep() {
        if (!lease.keep()) {
            return false;
        }
        table.follow();
        return true;
    }

    /**
     * What a commit has done.
     *
     * @param version that has the rows; the newest one if there was nothing to be committed
     * @param rows that were added
     * @param already rows that were left out, because the table had them by then, or because another fragment of the job has them
     * @param gone rows that were taken out again, of this job and of one that was stopped, because their pictures were deleted meanwhile
     * @param unfinished what stopped the job after the commit, from looking for such rows or from removing what is of no use any more; the
     *     next job does the rest. Null if nothing did
     */
    public record Committed(
            long version,
            long rows,
            long already,
            long gone,
            @Nullable String unfinished) {}

    /**
     * Commits rows in one version, on top of the newest one. Rows of pictures that have one by then are left out, and so are second rows of
     * one picture: what has such rows is written once more without them. Rows whose pictures are gone by then are taken out again. After
     * the commit nothing is thrown any more.
     *
     * @param written all that is to be committed
     * @throws TableBusyException if another job has taken the table, or other writers were faster each time
     * @throws OutdatedException if the table has lost columns that the rows have
     * @throws ModelMismatchException if searches of the table use another model by now
     * @throws TableLostException if the store has another table by now, or none
     * @throws StoreUnavailableException if the store does not answer; the rows stay, see {@link #left}
     */
    public Committed commit(List<BulkFragment> written) {
        List<BulkFragment> fragments;
        try {
            fragments = commitUntilWon(written);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot commit the rows", e);
        }
        long all = written.stream().mapToLong(BulkFragment::rows).sum();
        long rows = fragments.stream().mapToLong(BulkFragment::rows).sum();
        long lacking = 0;
        String unfinished = null;
        try {
            lacking = pictureless.remove(fragments, id -> true, rows());
            files.removeOwnAnd(written);
        } catch (IOException | RuntimeException e) {
            unfinished = String.valueOf(e.getMessage());
            log.warn("the rows are committed, and the rest is left to the next job: {}", unfinished);
        }
        return new Committed(version(), rows - lacking, all - rows, gone + lacking, unfinished);
    }

    private List<BulkFragment> commitUntilWon(List<BulkFragment> written) throws IOException {
        List<BulkFragment> fragments = written;
        Map<String, BulkFragment> names = new LinkedHashMap<>();
        Map<String, Elapsed> since = new HashMap<>();
        for (int i = 0; i < FollowedTable.ATTEMPTS; i++) {
            lease.require();
            try {
                table.catchUpWithIds();
                fragments = withoutKnown(fragments);
                if (fragments.isEmpty()) {
                    return List.of();
                }
                bring(fragments, names, since);
                if (table.newest().append(names, since)) {
                    table.added(fragments);
                    return fragments;
                }
            } catch (TableLostException e) {
                table.reopen(e);
            } catch (OutdatedException e) {
                if (i + 1 == FollowedTable.ATTEMPTS || !since.values().stream().anyMatch(this::isOld)) {
                    throw e;
                }
                // Garbage collection may have looked at them meanwhile, so they get other names.
                names.clear();
                since.clear();
            }
        }
        throw FollowedTable.lostRaces();
    }

    private boolean isOld(Elapsed since) {
        return since.isOver(TableTimings.USUAL.shipped());
    }

    private List<BulkFragment> withoutKnown(List<BulkFragment> fragments) {
        BulkWriter again = new BulkWriter(store, base(), work.resolve("again"));
        List<BulkFragment> lacking = new ArrayList<>();
        IdSet seen = new IdSet();
        for (BulkFragment fragment : fragments) {
            lease.require();
            List<ImageId> others = fragment.idsThat(id -> table.known().contains(id) || seen.contains(id));
            if (!others.isEmpty()) {
                log.info("{} of {} have rows by now", others.size(), fragment);
            }
            for (BulkFragment part : again.without(fragment, others)) {
                part.addTo(seen);
                lacking.add(part);
            }
        }
        return lacking;
    }

    /** Copies those files into the table that are not there, and forgets those that are not wanted any more. */
    private void bring(List<BulkFragment> fragments, Map<String, BulkFragment> names, Map<String, Elapsed> since)
            throws IOException {
        names.values().retainAll(fragments);
        since.keySet().retainAll(names.keySet());
        Map<String, String> keys = new HashMap<>();
        for (BulkFragment fragment : fragments) {
            if (!names.containsValue(fragment)) {
                String name = TableLocation.DATA + UUID.randomUUID() + ".lance";
                names.put(name, fragment);
                keys.put(name, fragment.key());
            }
        }
        List<String> coming = new ArrayList<>(keys.keySet());
        for (int start = 0; start < coming.size(); start += BROUGHT_AT_ONCE) {
            List<String> some = coming.subList(start, Math.min(coming.size(), start + BROUGHT_AT_ONCE));
            since.putAll(table.newest()
                    .replica()
                    .publisher()
                    .bring(some.stream().collect(Collectors.toMap(name -> name, keys::get))));
            lease.require();
        }
    }

    /** Gives the lease back. Rows that are not committed stay in the store, see {@link #left}. Call this once. */
    @Override
    public void close() {
        try {
            table.close();
        } finally {
            lease.close();
        }
    }
}
