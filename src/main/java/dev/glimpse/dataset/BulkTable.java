package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.TableLocation;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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

    private final ObjectStore store;
    private final ModelStamp model;
    private final Path work;
    private final BulkLease lease;
    private final FollowedTable table;
    private final BulkFiles files;
    private final PictureLook look;
    private final PicturelessRows pictureless;
    private final Elapsed.Clocks clocks;

    /** Pictures whose rows were left out or taken out, because they are gone. */
    private final Set<ImageId> gone = new HashSet<>();

    private BulkTable(
            ObjectStore store,
            Path work,
            ModelStamp model,
            BulkLease lease,
            GoneMarks marks,
            FollowedTable table,
            Elapsed.Clocks clocks) {
        this.store = store;
        this.model = model;
        this.work = work;
        this.lease = lease;
        this.table = table;
        this.files = new BulkFiles(store, lease);
        ParallelRequests requests = new ParallelRequests(table.transfers(), this::beAlive);
        this.look = new PictureLook(store, requests);
        this.pictureless = new PicturelessRows(look, marks, table, requests);
        this.clocks = clocks;
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
                        store, work, model, mine, marks, FollowedTable.open(store, work, model, mine, clocks), clocks);
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
     * gone: it may have been stopped before it did so. If that fails, the next job does it. Call this before {@link #ids}.
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
            gone.addAll(pictureless.remove(ours, id -> table.known().contains(id), rows()));
        } catch (IOException | RuntimeException e) {
            lease.require();
            log.warn("the rows of a job before are left to the next one: {}", e.getMessage());
            return left;
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

    /** Does what {@link #keep} does, within what takes long. */
    private void beAlive() {
        lease.require();
        table.follow();
    }

    /**
     * What a commit has done.
     *
     * @param version that has the rows; the newest one if there was nothing to be committed
     * @param rows that were added
     * @param already rows that were left out, because the table had them by then, or because another fragment of the job has them
     * @param gone rows that were left out or taken out again, of this job and of one that was stopped, because their pictures were deleted
     *     meanwhile
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
     * Commits rows in one version, on top of the newest one. Rows of pictures that have one by then are left out, and so are rows of pictures
     * that are gone and second rows of one picture: what has such rows is written once more without them. Rows of pictures that go while
     * this runs are taken out again. A store that does not answer is asked again for some minutes, as long as no other job can have the
     * table. After the commit nothing is thrown any more.
     *
     * @param written all that is to be committed
     * @throws TableBusyException if another job has taken the table, or other writers were faster each time
     * @throws OutdatedException if the table has lost columns that the rows have
     * @throws ModelMismatchException if searches of the table use another model by now
     * @throws TableLostException if the store has another table by now, or none
     * @throws StoreUnavailableException if the store does not answer; the rows stay, see {@link #left}
     */
    public Committed commit(List<BulkFragment> written) {
        BulkCommit commit = new BulkCommit(
                written,
                table,
                look,
                lease,
                () -> new BulkWriter(store, base(), work.resolve("again")),
                this::beAlive,
                clocks);
        List<BulkFragment> fragments;
        try {
            fragments = commit.untilWon();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot commit the rows", e);
        }
        long all = written.stream().mapToLong(BulkFragment::rows).sum();
        long rows = fragments.stream().mapToLong(BulkFragment::rows).sum();
        long already = all - rows - commit.gone().size();
        gone.addAll(commit.gone());
        String unfinished = null;
        try {
            Set<ImageId> removed = commit.mayHaveMore()
                    ? pictureless.remove(written, table.known()::contains, rows())
                    : pictureless.remove(fragments, id -> true, rows());
            rows -= removed.size();
            gone.addAll(removed);
            files.removeOwnAnd(written);
        } catch (IOException | RuntimeException e) {
            unfinished = String.valueOf(e.getMessage());
            log.warn("the rows are committed, and the rest is left to the next job: {}", unfinished);
        }
        return new Committed(version(), rows, already, gone.size(), unfinished);
    }

    /** Gives the lease back. Rows that are not committed stay in the store, see {@link #left}. Throws nothing. Call this once. */
    @Override
    public void close() {
        try {
            table.close();
        } catch (RuntimeException e) {
            log.warn("the table cannot be closed", e);
        } finally {
            lease.close();
        }
    }
}
