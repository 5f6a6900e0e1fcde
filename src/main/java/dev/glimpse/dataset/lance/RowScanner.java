package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.IntPredicate;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.ipc.ScanOptions;

/**
 * Scans the rows of the newest version, wherever they can be read: in the version that is open already, on the local disk, or in the
 * bucket. Any thread may scan.
 */
final class RowScanner {
    /** Missing files with fewer bytes than this are fetched before a scan; with more, the bucket is scanned. */
    private static final long SOON = 64L << 20;

    private final Replica replica;
    private final Datasets datasets;
    private final SnapshotManager snapshots;

    RowScanner(Replica replica, Datasets datasets, SnapshotManager snapshots) {
        this.replica = replica;
        this.datasets = datasets;
        this.snapshots = snapshots;
    }

    /**
     * Where rows are, by fragment.
     *
     * @param offsets positions of the rows in each fragment
     * @param ids pictures of the rows in each fragment, as far as they have ids of ours
     */
    record Found(Map<Integer, List<Integer>> offsets, Map<Integer, List<ImageId>> ids) {
        Found() {
            this(new TreeMap<>(), new TreeMap<>());
        }

        /** Adds the rows of a batch that has their ids and addresses. */
        void add(VectorSchemaRoot batch) {
            add(batch, row -> true);
        }

        /** Adds some rows of a batch that has their ids and addresses. */
        void add(VectorSchemaRoot batch, IntPredicate wanted) {
            List<Long> addresses = Columns.addresses(batch);
            for (int i = 0; i < addresses.size(); i++) {
                if (!wanted.test(i)) {
                    continue;
                }
                int fragment = (int) (addresses.get(i) >>> 32);
                offsets.computeIfAbsent(fragment, first -> new ArrayList<>())
                        .add(addresses.get(i).intValue());
                Columns.id(batch, i)
                        .ifPresent(id -> ids.computeIfAbsent(fragment, first -> new ArrayList<>())
                                .add(id));
            }
        }
    }

    /**
     * Finds the rows that match a filter.
     *
     * @param filter as Lance reads it
     * @throws DamagedTableException if the rows cannot be read, though the store answers
     */
    Found find(String filter) throws IOException {
        Found found = new Found();
        ScanOptions.Builder rows = new ScanOptions.Builder()
                .columns(List.of(Columns.ID))
                .filter(filter)
                .withRowAddress(true);
        readNewest(dataset -> Datasets.scan(dataset, rows.build(), found::add));
        return found;
    }

    /**
     * As {@link #find}, of the rows that say that their pictures lie under names of their own.
     *
     * @param said by the rows; one that says something else is not found
     */
    Found findOfSources(String filter, Map<ImageId, RowNotes> said) throws IOException {
        Found found = new Found();
        List<String> columns = new ArrayList<>(Columns.NOTES);
        columns.addAll(List.of(Columns.ID, Columns.PATH));
        ScanOptions.Builder rows =
                new ScanOptions.Builder().columns(columns).filter(filter).withRowAddress(true);
        readNewest(dataset -> Datasets.scan(
                dataset,
                rows.build(),
                batch -> found.add(
                        batch,
                        row -> Columns.isOfSource(batch, row)
                                && Columns.id(batch, row)
                                        .map(said::get)
                                        .filter(notes -> notes.isSaidBy(Columns.notes(batch, row)))
                                        .isPresent())));
        return found;
    }

    /** As {@link #find}, of the rows that say that their pictures lie where their ids say. */
    Found findStored(String filter) throws IOException {
        Found found = new Found();
        ScanOptions.Builder rows = new ScanOptions.Builder()
                .columns(List.of(Columns.ID, Columns.PATH))
                .filter(filter)
                .withRowAddress(true);
        readNewest(dataset -> Datasets.scan(
                dataset, rows.build(), batch -> found.add(batch, row -> !Columns.isOfSource(batch, row))));
        return found;
    }

    /** Takes rows as the table has them, with the schema of the table. They are valid during that call only. */
    interface WholeRows {
        void batch(VectorSchemaRoot rows, Schema table);
    }

    /**
     * Reads the rows that match a filter with all their columns, and their addresses.
     *
     * @param filter as Lance reads it
     * @throws DamagedTableException if the rows cannot be read, though the store answers
     */
    void read(String filter, WholeRows rows) throws IOException {
        ScanOptions scan =
                new ScanOptions.Builder().filter(filter).withRowAddress(true).build();
        readNewest(dataset -> {
            Schema schema = dataset.getSchema();
            Datasets.scan(dataset, scan, batch -> rows.batch(batch, schema));
        });
    }

    /**
     * Hands over the pictures of rows. Rows whose ids are not ours are left out: other software may call them anything.
     *
     * @param manifest of the newest version
     * @param fragments to be scanned; null for all
     * @throws DamagedTableException if the rows cannot be read, though the store answers
     */
    void scanIds(Manifest manifest, @Nullable List<Integer> fragments, FragmentIds.Rows rows) throws IOException {
        if (!manifest.columns().containsKey(Columns.ID)) {
            return; // Nobody can tell which pictures the rows are of.
        }
        ScanOptions.Builder scan =
                new ScanOptions.Builder().columns(List.of(Columns.ID)).withRowAddress(true);
        if (fragments != null) {
            scan.fragmentIds(fragments);
        }
        readNewest(dataset -> Datasets.scan(dataset, scan.build(), batch -> {
            List<Long> addresses = Columns.addresses(batch);
            for (int i = 0; i < addresses.size(); i++) {
                int fragment = (int) (addresses.get(i) >>> 32);
                Columns.id(batch, i).ifPresent(id -> rows.row(fragment, id));
            }
        }));
    }

    /**
     * Hands over what rows say of their pictures. Rows whose ids are not ours are left out.
     *
     * @param manifest of the newest version
     * @throws DamagedTableException if the rows cannot be read, though the store answers
     */
    void scanNotes(Manifest manifest, BiConsumer<ImageId, RowNotes> rows) throws IOException {
        List<String> columns = new ArrayList<>(Columns.NOTES);
        columns.add(Columns.ID);
        columns.retainAll(manifest.columns().keySet());
        ScanOptions scan = new ScanOptions.Builder().columns(columns).build();
        readNewest(dataset -> Datasets.scan(dataset, scan, batch -> {
            for (int i = 0; i < batch.getRowCount(); i++) {
                RowNotes notes = Columns.notes(batch, i);
                Columns.id(batch, i).ifPresent(id -> rows.accept(id, notes));
            }
        }));
    }

    /**
     * Hands over where the pictures of rows lie, without all else that rows say. Rows whose ids are not ours are left out.
     *
     * @param manifest of the newest version
     * @throws DamagedTableException if the rows cannot be read, though the store answers
     */
    void scanPlaces(Manifest manifest, BiConsumer<ImageId, Picture> rows) throws IOException {
        List<String> columns = new ArrayList<>(List.of(Columns.ID, Columns.PATH, Columns.BYTES, Columns.UPLOADED_AT));
        columns.retainAll(manifest.columns().keySet());
        ScanOptions scan = new ScanOptions.Builder().columns(columns).build();
        readNewest(dataset -> Datasets.scan(
                dataset,
                scan,
                batch -> Columns.pictures(batch)
                        .forEach(picture -> ImageId.parse(picture.id()).ifPresent(id -> rows.accept(id, picture)))));
    }

    /** Looks at the newest version. */
    interface Scan {
        void of(Dataset dataset) throws IOException;
    }

    void readNewest(Scan scan) throws IOException {
        try {
            scanNewest(scan);
        } catch (DamagedTableException | StoreUnavailableException | TableBusyException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            replica.files().requireStored();
            throw new DamagedTableException(
                    "the rows of version " + replica.version() + " cannot be read: "
                            + DamagedTableException.sentence(e),
                    e);
        }
    }

    private void scanNewest(Scan scan) throws IOException {
        long version = replica.version();
        boolean ready = snapshots.read(snapshot -> {
            if (snapshot.version() != version) {
                return false;
            }
            scan.of(snapshot.dataset());
            return true;
        });
        if (!ready) {
            try (Dataset dataset = replica.files().isCopied() && replica.files().fillUpTo(SOON)
                    ? datasets.inFolder(replica.folder(), version)
                    : datasets.inBucket(version)) {
                scan.of(dataset);
            }
        }
    }
}
