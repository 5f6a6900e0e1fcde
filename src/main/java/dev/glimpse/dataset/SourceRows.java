package dev.glimpse.dataset;

import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.table.OpenTable;
import dev.glimpse.dataset.table.TableSearch;
import dev.glimpse.dataset.table.TableSupervisor;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Rows of pictures that lie in the store under names of their own, outside of {@code images/}, where nothing but the row points to them.
 * The path of such a row names the object. Safe for use by several threads.
 */
public final class SourceRows {
    private static final String BUCKET = "s3://";

    /** For the files of another server's commit that has a row. */
    private static final Duration FILES = Duration.ofSeconds(2);

    private final TableSupervisor supervisor;
    private final TableSearch search;

    /** The table whose lease this server has; null if it has none. Guarded by this. */
    private @Nullable OpenTable followed;

    SourceRows(TableSupervisor supervisor, TableSearch search) {
        this.supervisor = supervisor;
        this.search = search;
    }

    /**
     * Where a picture lies.
     *
     * @param key of its object
     * @param bytes size of the object
     * @param modified when the object was written last, by the store's clock, to the second
     */
    public record Place(String key, long bytes, Instant modified) {
        /** The last part of the key. */
        public String filename() {
            return key.substring(key.lastIndexOf('/') + 1);
        }
    }

    /** Takes what a row says of its picture's place. */
    public interface Places {
        /**
         * A row.
         */
        void row(ImageId id, Place place);
    }

    /**
     * The key of the object that a path names; empty if the picture is where its id says, or the path names no object of a store. The
     * bucket in a path does not count: a copied bucket has the same keys.
     */
    public static Optional<String> keyIn(String id, @Nullable String path) {
        if (path == null) {
            return Optional.empty();
        }
        String key = path;
        if (path.startsWith(BUCKET)) {
            int slash = path.indexOf('/', BUCKET.length());
            key = slash < 0 ? "" : path.substring(slash + 1);
        }
        return key.equals(id) || !ObjectStore.isKey(key) || key.contains("://") ? Optional.empty() : Optional.of(key);
    }

    /** What a row says of the place of its picture; empty if that is where its id says. */
    public static Optional<Place> placeOf(Picture picture) {
        Long bytes = picture.bytes();
        Instant modified = picture.uploadedAt();
        return bytes == null || modified == null
                ? Optional.empty()
                : keyIn(picture.id(), picture.path()).map(key -> new Place(key, bytes, modified));
    }

    /** Whether a row says that its picture lies under a name of its own. */
    public static boolean isOfSource(PictureRow row) {
        return placeOf(Picture.of(row)).isPresent();
    }

    /**
     * Where the picture with this id lies, if its row says that this is under a name of its own; empty for all others. Asks the store
     * nothing, and nothing at all while the table has no such row, nor has had one.
     *
     * @throws TableBusyException if too many searches wait, or the row was committed by another server and is not read within two seconds
     * @throws TableUnavailableException if the table is being opened anew
     */
    public Optional<Place> find(ImageId id) {
        OpenTable table = supervisor.table().orElse(null);
        if (table == null || !table.ledger().stateOf(id).isShown()) {
            return Optional.empty();
        }
        Pending waiting = table.ledger().pending(id);
        if (waiting != null) {
            return placeOf(Picture.of(waiting.row()));
        }
        if (!table.table().manifest().hasSources()) {
            return Optional.empty();
        }
        if (table.ledger().stateOf(id) == PictureState.UNREAD) {
            table.refreshLoop()
                    .refreshed()
                    .exceptionally(failure -> null)
                    .completeOnTimeout(null, FILES.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            if (table.ledger().stateOf(id) == PictureState.UNREAD) {
                throw new TableBusyException("the row of " + id + " is not read yet");
            }
        }
        return search.find(id).flatMap(SourceRows::placeOf);
    }

    /** Whether the table has such rows, or has had some. False if it is not open. Reads memory alone. */
    public boolean isAny() {
        return supervisor
                .table()
                .filter(table -> table.table().manifest().hasSources())
                .isPresent();
    }

    /**
     * Hands over all committed rows of such pictures, as the table has them.
     *
     * @throws TableBusyException if this takes more than ten minutes
     * @throws TableUnavailableException if the table is not open
     */
    public void forEach(Places rows) {
        if (!supervisor.require().table().manifest().hasSources()) {
            return;
        }
        search.forEachPlace((id, picture) -> placeOf(picture).ifPresent(place -> rows.row(id, place)));
    }

    /**
     * Removes the committed rows of these pictures, as far as they say that the pictures lie under names of their own, in one commit.
     *
     * @param rows what they say; one that says something else by now stays
     * @return completes with the pictures whose rows are gone
     * @throws ForeignTableException if the table was not made by Glimpse
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Set<ImageId>> remove(Map<ImageId, RowNotes> rows) {
        OpenTable table = writable();
        return table.commitLoop().removeOfSources(rows);
    }

    /**
     * Lets committed rows of such pictures say that these lie elsewhere, which may be where their ids say, in one commit. All else of the
     * rows stays, the vectors too. A row that is not there, or waits to be committed, is left alone, and so is that of an upload.
     *
     * @param store that the places are in
     * @return completes with how many rows were changed
     * @throws ForeignTableException if the table was not made by Glimpse
     * @throws ModelMismatchException if the table was made with another model
     */
    public CompletableFuture<Integer> move(Map<ImageId, Place> places, ObjectStore store) {
        OpenTable table = writable();
        return table.commitLoop().move(places, store::address);
    }

    private OpenTable writable() {
        OpenTable table = supervisor.require();
        table.guard().requireWritable();
        return table;
    }

    /** Whether this server may follow the sources, and no other one does. To be asked from time to time. */
    public synchronized boolean mayFollow() {
        OpenTable table = supervisor.require();
        if (!table.equals(followed)) {
            followed = table.sourcesLease().take(false) ? table : null;
        } else {
            followed = table.sourcesLease().keep() ? table : null;
        }
        return followed != null;
    }

    /** If this server follows the sources, tells the others that it is alive. To be called each quarter of a minute during long work. */
    public synchronized void keepFollowing() {
        if (followed != null) {
            boolean unused = mayFollow();
        }
    }

    /** Lets other servers follow the sources. */
    public synchronized void leaveFollowing() {
        OpenTable table = followed;
        followed = null;
        if (table != null) {
            table.sourcesLease().release();
        }
    }
}
