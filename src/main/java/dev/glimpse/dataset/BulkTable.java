package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.BucketAccess;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.table.OpenTable;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.util.FileSystemUtils;
import org.springframework.util.unit.DataSize;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

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

    /** The end of the key of what tells about a file of rows. */
    static final String DESCRIPTION = ".json";

    /** A commit that loses against other writers this often gives up; each loss means that another one won. */
    private static final int ATTEMPTS = 50;

    /** A request of class A costs as much as so many of class B. */
    private static final int LOOKS_A_LISTING = 12;

    /** Files that are copied into the table before the lease is renewed. */
    private static final int BROUGHT_AT_ONCE = 128;

    /** Files that are copied at the same time. */
    private static final int TRANSFERS = 16;

    private final ObjectStore store;
    private final ModelStamp model;
    private final Path work;
    private final MaintenanceLease lease;
    private final ThreadPoolTaskExecutor transfers;
    private final LanceTable table;
    private final String job = UUID.randomUUID().toString();

    /** The pictures that have rows in the newest version that is known. */
    private IdSet known = new IdSet();

    private BulkTable(ObjectStore store, Path work, ModelStamp model, MaintenanceLease lease) throws IOException {
        this.store = store;
        this.model = model;
        this.work = work;
        this.lease = lease;
        this.transfers = OpenTable.pool("bulk-transfer", TRANSFERS, Integer.MAX_VALUE);
        try {
            this.table = new LanceTable(
                    manifests -> new Replica(
                            store,
                            ImageDataset.KEY,
                            work.resolve("replica"),
                            work.resolve("scratch"),
                            // What this job reads is the ids, and it reads them once.
                            DataSize.ofMegabytes(64).toBytes(),
                            TableTimings.USUAL,
                            manifests,
                            transfers),
                    store.directAccess().map(bucket -> BucketAccess.of(bucket, ImageDataset.KEY)),
                    Integer.MAX_VALUE,
                    work.resolve("vectors"),
                    new KnownModels(model),
                    () -> TableStamp.fresh(store.hasAny(ImageDataset.PICTURES)),
                    lost -> {});
        } catch (IOException | RuntimeException e) {
            transfers.shutdown();
            throw e;
        }
    }

    /**
     * Opens the table of this store, or creates an empty one, if no other bulk job has it.
     *
     * @param work local folder that belongs to this process alone; with a folder store it must be on its file system
     * @param model that makes the vectors of the rows
     * @param lease how long a job has the table after it has said last that it is alive, see {@link #keep}
     * @throws TableBusyException if another bulk job has the table
     * @throws ForeignTableException if the table was not made by Glimpse, or has columns that our rows do not fit into
     * @throws ModelMismatchException if searches of the table use another model
     * @throws StoreUnavailableException if the store does not answer
     */
    public static BulkTable open(ObjectStore store, Path work, ModelStamp model, Duration lease) {
        try {
            store.requireConditionalPuts();
            MaintenanceLease mine =
                    new MaintenanceLease(store, MaintenanceLease.BULK_KEY, work, lease, Elapsed.Clocks.SYSTEM);
            if (!mine.take(true)) {
                throw new TableBusyException("another bulk job has the table: " + MaintenanceLease.BULK_KEY
                        + " is in the store, and " + lease.toSeconds() + " s have not gone by since it was renewed");
            }
            try {
                BulkTable opened = new BulkTable(store, work, model, mine);
                try {
                    opened.begin();
                    return opened;
                } catch (IOException | RuntimeException e) {
                    opened.closeTable();
                    throw e;
                }
            } catch (IOException | RuntimeException e) {
                mine.release();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the table " + store.address(ImageDataset.KEY), e);
        }
    }

    private void begin() throws IOException {
        requireOurModel();
        untilWon(table::completeColumns);
        accept(table.readAllIds());
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

    private String address() {
        return store.address(ImageDataset.KEY.substring(0, ImageDataset.KEY.length() - 1));
    }

    /** The newest version that is known here. */
    public long version() {
        return table.manifest().version();
    }

    /** The number of rows in the newest version that is known here. */
    public long rows() {
        return table.manifest().rows();
    }

    /** The pictures that have rows in the newest version that is known here. A copy, in some 32 bytes each. */
    public IdSet ids() {
        IdSet copy = new IdSet();
        copy.addAll(known);
        return copy;
    }

    /** What other processes have to know to write rows for the newest version that is known here. */
    public BulkBase base() {
        Manifest manifest = table.manifest();
        String name = table.replica().manifests().name();
        try {
            return new BulkBase(
                    tableId(),
                    FOLDER + job + "/",
                    name,
                    Files.readAllBytes(table.replica().folder().resolve(TableLocation.VERSIONS + name)),
                    manifest.metadata());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the manifest of version " + manifest.version(), e);
        }
    }

    private String tableId() {
        return TableStamp.of(table.manifest().metadata()).map(TableStamp::id).orElse("");
    }

    /**
     * The rows that jobs before this one have written and not committed, because they were stopped. To be committed by this one. Rows that
     * are of no use any more are removed from the store.
     */
    public List<BulkFragment> left() {
        List<BulkFragment> left = new ArrayList<>();
        IdSet seen = new IdSet();
        for (String key : store.list(FOLDER)) {
            if (!key.endsWith(DESCRIPTION)) {
                continue;
            }
            store.get(key).flatMap(BulkTable::read).filter(this::fits).ifPresent(fragment -> {
                if (!fragment.idsThat(id -> !known.contains(id) && seen.add(id)).isEmpty()) {
                    left.add(fragment);
                }
            });
        }
        removeAllBut(left);
        return left;
    }

    private static Optional<BulkFragment> read(byte[] json) {
        try {
            return Optional.of(JsonMapper.shared().readValue(json, BulkFragment.class));
        } catch (JacksonException e) {
            log.warn("what a bulk job has left cannot be read: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private boolean fits(BulkFragment fragment) {
        return fragment.table().equals(tableId())
                && fragment.model().equals(model.fingerprint())
                && table.hasColumnsOf(fragment)
                && store.head(fragment.key()).isPresent();
    }

    private void removeAllBut(Collection<BulkFragment> kept) {
        Set<String> keys = kept.stream()
                .flatMap(fragment -> Stream.of(fragment.key(), fragment.key() + DESCRIPTION))
                .collect(Collectors.toSet());
        store.list(FOLDER).stream().filter(key -> !keys.contains(key)).forEach(store::delete);
    }

    /**
     * Tells other jobs that this one is alive; to be called some times in each lease.
     *
     * @return false if another job has taken the table, because this one was too slow
     */
    public boolean keep() {
        return lease.keep();
    }

    /**
     * What a commit has done.
     *
     * @param version that has the rows; the newest one if there was nothing to be committed
     * @param rows that were added
     * @param already rows that were left out, because the table had them by then, or because another fragment of the job has them
     * @param gone rows that were taken out again, because their pictures were deleted meanwhile
     */
    public record Committed(long version, long rows, long already, long gone) {}

    /**
     * Commits rows in one version, on top of the newest one. Rows of pictures that have one by then are left out, and so are second rows of
     * one picture: what has such rows is written once more without them. Rows whose pictures are gone by then are taken out again.
     *
     * @param written all that is to be committed
     * @throws TableBusyException if another job has taken the table, or other writers were faster each time
     * @throws OutdatedException if the table has lost columns that the rows have
     * @throws ModelMismatchException if searches of the table use another model by now
     * @throws TableLostException if the store has another table by now, or none
     * @throws StoreUnavailableException if the store does not answer; the rows stay, see {@link #left}
     */
    public Committed commit(List<BulkFragment> written) {
        try {
            long all = written.stream().mapToLong(BulkFragment::rows).sum();
            List<BulkFragment> fragments = commitUntilWon(written);
            long rows = fragments.stream().mapToLong(BulkFragment::rows).sum();
            long gone = rows == 0 ? 0 : removeRowsWithoutPictures(fragments);
            removeAllBut(List.of());
            return new Committed(version(), rows - gone, all - rows, gone);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot commit the rows", e);
        }
    }

    private List<BulkFragment> commitUntilWon(List<BulkFragment> written) throws IOException {
        BulkWriter again = new BulkWriter(store, base(), work.resolve("again"));
        List<BulkFragment> fragments = written;
        Map<String, BulkFragment> names = new LinkedHashMap<>();
        Map<String, Elapsed> since = new HashMap<>();
        for (int i = 0; i < ATTEMPTS; i++) {
            requireLease();
            table.catchUp();
            accept(table.followIds(known::contains));
            requireOurModel();
            fragments = withoutKnown(fragments, again);
            if (fragments.isEmpty()) {
                return List.of();
            }
            bring(fragments, names, since);
            try {
                if (table.append(names, since)) {
                    return fragments;
                }
            } catch (OutdatedException e) {
                if (i + 1 == ATTEMPTS || !since.values().stream().anyMatch(this::isOld)) {
                    throw e;
                }
                // Garbage collection may have looked at them meanwhile, so they get other names.
                names.clear();
                since.clear();
            }
        }
        throw new TableBusyException("lost the race for the next version " + ATTEMPTS + " times");
    }

    private void requireLease() {
        if (!keep()) {
            throw new TableBusyException("another bulk job has taken the table");
        }
    }

    private boolean isOld(Elapsed since) {
        return since.isOver(TableTimings.USUAL.shipped());
    }

    private List<BulkFragment> withoutKnown(List<BulkFragment> fragments, BulkWriter again) {
        List<BulkFragment> lacking = new ArrayList<>();
        IdSet seen = new IdSet();
        for (BulkFragment fragment : fragments) {
            List<ImageId> others = fragment.idsThat(id -> known.contains(id) || seen.contains(id));
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
            since.putAll(table.replica()
                    .publisher()
                    .bring(some.stream().collect(Collectors.toMap(name -> name, keys::get))));
            requireLease();
        }
    }

    /** A picture may have been deleted after it was stored and before its row came. The delete found no row then. */
    private long removeRowsWithoutPictures(List<BulkFragment> fragments) throws IOException {
        long rows = fragments.stream().mapToLong(BulkFragment::rows).sum();
        // A listing of a thousand keys costs as much as a dozen looks.
        Predicate<ImageId> isGone = rows * 1_000 / LOOKS_A_LISTING > rows()
                ? isNotListed()
                : id -> store.head(id.toString()).isEmpty();
        List<ImageId> gone = fragments.stream()
                .flatMap(fragment -> fragment.idsThat(isGone).stream())
                .toList();
        if (!gone.isEmpty()) {
            untilWon(() -> table.delete(gone));
        }
        return gone.size();
    }

    private Predicate<ImageId> isNotListed() {
        IdSet there = new IdSet();
        store.list(ImageDataset.PICTURES, object -> ImageId.parse(object.key()).ifPresent(there::add));
        return id -> !there.contains(id);
    }

    private interface Attempt {
        boolean won() throws IOException;
    }

    private void untilWon(Attempt attempt) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) {
            if (attempt.won()) {
                return;
            }
        }
        throw new TableBusyException("lost the race for the next version " + ATTEMPTS + " times");
    }

    private void accept(FragmentIds.Change change) {
        if (change.all()) {
            known = change.ids();
        } else {
            known.addAll(change.ids());
        }
    }

    private void closeTable() {
        table.close();
        transfers.shutdown();
        try {
            FileSystemUtils.deleteRecursively(work.resolve("replica"));
            FileSystemUtils.deleteRecursively(work.resolve("scratch"));
            FileSystemUtils.deleteRecursively(work.resolve("vectors"));
        } catch (IOException e) {
            log.debug("cannot empty {}", work, e);
        }
    }

    /** Gives the lease back. Rows that are not committed stay in the store, see {@link #left}. Call this once. */
    @Override
    public void close() {
        closeTable();
        lease.release();
    }
}
