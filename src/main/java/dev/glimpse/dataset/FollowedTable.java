package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.BucketAccess;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.table.OpenTable;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.util.FileSystemUtils;
import org.springframework.util.unit.DataSize;

/**
 * The table as a bulk job follows it, for hours perhaps, while servers commit versions and remove old ones: its newest version, and which
 * pictures have rows. For one thread. Owns native memory and threads; close it after the last use.
 */
final class FollowedTable implements AutoCloseable, PicturelessRows.Rows {
    private static final Logger log = LoggerFactory.getLogger(FollowedTable.class);

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    static final int ATTEMPTS = 50;

    /** Files that are copied at the same time. */
    private static final int TRANSFERS = 16;

    /** The newest version is looked at so often: a version is removed two minutes after the next one came, at the earliest. */
    private static final Duration FOLLOW = Duration.ofSeconds(20);

    private final ObjectStore store;
    private final ModelStamp model;
    private final Path folder;
    private final BulkLease lease;
    private final Elapsed.Clocks clocks;
    private final ThreadPoolTaskExecutor transfers;

    private LanceTable table;

    /** The id of the table that was opened first. */
    private String opened = "";

    /** How often the table has been opened. */
    private int openings;

    /** Since the newest version was looked for. */
    private Elapsed followed;

    /** The pictures that had rows in the version whose ids were read last. */
    private IdSet known = new IdSet();

    /** Whether all ids have to be read, because the table was opened anew, or because {@code known} may lack some that were read. */
    private boolean idsLost = true;

    private FollowedTable(ObjectStore store, Path folder, ModelStamp model, BulkLease lease, Elapsed.Clocks clocks)
            throws IOException {
        this.store = store;
        this.model = model;
        this.folder = folder;
        this.lease = lease;
        this.clocks = clocks;
        this.transfers = OpenTable.pool("bulk-transfer", TRANSFERS, Integer.MAX_VALUE);
        try {
            FileSystemUtils.deleteRecursively(folder);
            this.table = openTable();
            this.followed = clocks.started();
        } catch (IOException | RuntimeException e) {
            transfers.shutdown();
            throw e;
        }
    }

    /**
     * Opens the table of this store, or creates an empty one.
     *
     * @param work local folder that belongs to this process alone
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if searches of the table use another model
     * @throws StoreUnavailableException if the store does not answer
     */
    static FollowedTable open(ObjectStore store, Path work, ModelStamp model, BulkLease lease, Elapsed.Clocks clocks)
            throws IOException {
        FollowedTable opened = new FollowedTable(store, work.resolve("table"), model, lease, clocks);
        try {
            opened.begin();
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private LanceTable openTable() throws IOException {
        Path files = folder.resolve(Integer.toString(++openings));
        return new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        files.resolve("replica"),
                        files.resolve("scratch"),
                        // What this job reads is the ids, and it reads them once.
                        DataSize.ofMegabytes(64).toBytes(),
                        TableTimings.USUAL,
                        manifests,
                        transfers),
                store.directAccess().map(bucket -> BucketAccess.of(bucket, ImageDataset.KEY)),
                Integer.MAX_VALUE,
                files.resolve("vectors"),
                new KnownModels(model),
                () -> TableStamp.fresh(store.hasAny(ImageDataset.PICTURES)),
                lost -> {});
    }

    private void begin() throws IOException {
        opened = id();
        requireOurModel();
        untilWon(() -> table.completeColumns());
        catchUp();
    }

    private void requireOurModel() {
        TableModels models = table.manifest()
                .models()
                .orElseThrow(() -> new ForeignTableException("the table " + address()
                        + " lacks the metadata of its model: it was not made by Glimpse, so it is not written"));
        ModelStamp active = models.active().model();
        if (!active.fingerprint().equals(model.fingerprint())) {
            throw new ModelMismatchException("searches of the table " + address() + " use the model " + active.name()
                    + " (" + active.fingerprint() + ") and this job has " + model.name() + " (" + model.fingerprint()
                    + "): start it with the table's model");
        }
        String unwritable = table.manifest().unwritable();
        if (unwritable != null) {
            throw new ForeignTableException("no row can be added to the table " + address() + ": " + unwritable);
        }
    }

    String address() {
        return store.address(ImageDataset.KEY.substring(0, ImageDataset.KEY.length() - 1));
    }

    /** The table, at the newest version that is known. Another one after {@link #reopen}. */
    LanceTable newest() {
        return table;
    }

    /** The pictures that had rows when {@link #catchUp} was called last; to be read alone. */
    IdSet known() {
        return known;
    }

    /** Runs requests to the store side by side. */
    Executor transfers() {
        return transfers;
    }

    /** The id of the table; empty if a Glimpse made it before tables had an id. */
    String id() {
        return TableStamp.of(table.manifest().metadata()).map(TableStamp::id).orElse("");
    }

    /**
     * Looks which version is the newest, some times a minute at most. A store that does not answer is asked again the next time.
     *
     * @throws ModelMismatchException if searches of the table use another model by now
     * @throws ForeignTableException if no row can be added to the table any more
     * @throws TableLostException if the store has another table by now, or none
     */
    void follow() {
        if (!followed.isOver(FOLLOW)) {
            return;
        }
        try {
            Elapsed began = clocks.started();
            try {
                table.catchUp();
            } catch (TableLostException e) {
                reopen(e);
            }
            requireOurModel();
            table.prune();
            followed = began;
        } catch (StoreUnavailableException e) {
            log.warn("the newest version of the table is not known for now: {}", e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot follow the table " + address(), e);
        }
    }

    /** Goes on to the newest version, and reads which pictures have rows in it: those of rows that came, or all if any has gone. */
    @Override
    public void catchUp() throws IOException {
        IdSet unused = catchUp(new IdSet());
    }

    /**
     * Goes on to the newest version, and reads which pictures have rows in it: those of rows that came, or all if any has gone.
     *
     * @param watched pictures that had no rows at the last such call
     * @return those of them that have rows now
     * @throws TableLostException if the store has another table by now, or none
     */
    IdSet catchUp(IdSet watched) throws IOException {
        try {
            table.catchUp();
        } catch (TableLostException e) {
            reopen(e);
        }
        FragmentIds.Change change = idsLost ? table.readAllIds() : table.followIds(known::contains);
        IdSet came = watched.common(change.ids());
        idsLost = true;
        accept(change);
        idsLost = false;
        requireOurModel();
        return came;
    }

    /**
     * If the version that was known here is not kept any more, a new look tells whether the store has still this table. The next
     * {@link #catchUp} reads all ids.
     */
    void reopen(TableLostException lost) throws IOException {
        if (lost.fate() != TableLostException.Fate.MOVED_ON || opened.isEmpty()) {
            throw lost;
        }
        log.info("the table is opened anew: {}", lost.getMessage());
        LanceTable before = table;
        table = openTable();
        idsLost = true;
        before.close();
        if (!id().equals(opened)) {
            throw lost;
        }
        requireOurModel();
    }

    /** Takes rows out whose pictures lie where their ids say. */
    @Override
    public Set<ImageId> delete(Collection<ImageId> ids) throws IOException {
        List<Set<ImageId>> removed = new ArrayList<>();
        untilWon(() -> {
            // The table takes note of the rows that go, and of no others that came.
            catchUp();
            Optional<Set<ImageId>> won = table.deleteStored(ids);
            won.ifPresent(removed::add);
            return won.isPresent();
        });
        removed.forEach(gone -> gone.forEach(known::remove));
        return removed.get(0);
    }

    private interface Attempt {
        boolean won() throws IOException;
    }

    private void untilWon(Attempt attempt) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) {
            lease.require();
            try {
                if (attempt.won()) {
                    return;
                }
            } catch (TableLostException e) {
                reopen(e);
            }
        }
        throw lostRaces();
    }

    static TableBusyException lostRaces() {
        return new TableBusyException("lost the race for the next version " + ATTEMPTS + " times");
    }

    private void accept(FragmentIds.Change change) {
        IdSet gone = change.all() ? known : change.ids();
        if (change.all()) {
            known = change.ids();
        } else {
            known.addAll(change.ids());
        }
        gone.release();
    }

    @Override
    public void close() {
        table.close();
        transfers.shutdown();
        try {
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            log.debug("cannot empty {}", folder, e);
        }
    }
}
