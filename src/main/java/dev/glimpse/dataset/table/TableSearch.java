package dev.glimpse.dataset.table;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.PastNeighbors;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.dataset.WordHit;
import dev.glimpse.dataset.WordHits;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.lance.IndexTuning;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Searches of whichever table is open, with a deadline. The calling thread only waits: native calls run, and
 * distances are computed, on the bounded read pool of the table. */
public final class TableSearch {
    private static final Duration READ_DEADLINE = Duration.ofSeconds(10);
    private static final Duration SCAN_DEADLINE = Duration.ofMinutes(10);

    private final TableSupervisor supervisor;
    private final ObjectStore store;
    private final RecentQueries recent;

    public TableSearch(TableSupervisor supervisor, ObjectStore store, RecentQueries recent) {
        this.supervisor = supervisor;
        this.store = store;
        this.recent = recent;
    }

    /** See {@link ImageDataset#nearest}. */
    public Nearest nearest(NearestQuery query) {
        OpenTable table = searchable();
        recent.add(query.vector(), query.model());
        return located(await(table.nearest(query), READ_DEADLINE));
    }

    /** See {@link ImageDataset#words}. */
    public WordHits words(WordQuery query) {
        WordHits found = await(searchable().words(query), READ_DEADLINE);
        return new WordHits(
                found.hits().stream()
                        .map(hit -> new WordHit(located(hit.picture()), hit.distance()))
                        .toList(),
                found.truncated(),
                found.effort());
    }

    /** See {@link ImageDataset#nearestDistance}. */
    public OptionalDouble nearestDistance(Embedding query, @Nullable String model) {
        return await(searchable().nearestUncounted(new NearestQuery(query, 1, false).of(model)), READ_DEADLINE)
                .neighbors()
                .stream()
                .mapToDouble(Neighbor::distance)
                .findFirst();
    }

    /** See {@link ImageDataset#newest}. */
    public List<Picture> newest(@Nullable ListPosition after, int k) {
        return await(supervisor.require().newest(after, k), READ_DEADLINE).stream()
                .map(this::located)
                .toList();
    }

    /** See {@link ImageDataset#facets}. */
    public Facets facets(RowFilter filter) {
        return await(supervisor.require().facets(filter), READ_DEADLINE);
    }

    /** See {@link ImageDataset#find}. */
    public Optional<Picture> find(ImageId id) {
        return await(supervisor.require().find(id), READ_DEADLINE).map(this::located);
    }

    /** See {@link ImageDataset#vectorOf}. */
    public Optional<Embedding> vectorOf(ImageId id, @Nullable String model) {
        return await(searchable().vectorOf(id, model), READ_DEADLINE);
    }

    /** See {@link ImageDataset#sample}. */
    public List<Embedding> sample(int count, String model) {
        return await(searchable().sample(count, model), READ_DEADLINE);
    }

    /** See {@link ImageDataset#nearestIn}. */
    public PastNeighbors nearestIn(long version, NearestQuery query) {
        OpenTable table = searchable();
        return past(
                table,
                () -> table.history().read(version, snapshot -> {
                    if (!snapshot.manifest().hasVectorsOf(query.model())) {
                        throw new VersionNotFoundException(
                                "version " + version + " of the table has no vectors of the model that is asked");
                    }
                    if (snapshot.manifest().unsearchable() != null) {
                        throw new ForeignTableException("version " + version + " of the table cannot be searched: "
                                + snapshot.manifest().unsearchable());
                    }
                    IndexTuning tuning = IndexTuning.of(snapshot.manifest().metadata());
                    return new PastNeighbors(version, true, table.reader().nearestByLance(snapshot, query, tuning));
                }));
    }

    /** See {@link ImageDataset#nearestAt}. */
    public PastNeighbors nearestAt(Instant time, NearestQuery query) {
        OpenTable table = searchable();
        Optional<Long> version = table.history().newestAt(time);
        return version.isPresent()
                ? nearestIn(version.get(), query)
                : past(
                        table,
                        () -> new PastNeighbors(null, false, table.reader().nearestUploadedBy(query, time)));
    }

    /** See {@link ImageDataset#forEachId}. */
    public void forEachId(Consumer<ImageId> ids) {
        OpenTable table = supervisor.require();
        await(
                table.scan(() -> {
                    table.table().allIds(ids);
                    return true;
                }),
                SCAN_DEADLINE);
    }

    /** See {@link ImageDataset#forEachRow}. */
    public void forEachRow(BiConsumer<ImageId, RowNotes> rows) {
        OpenTable table = supervisor.require();
        await(
                table.scan(() -> {
                    table.table().allNotes(rows);
                    return true;
                }),
                SCAN_DEADLINE);
    }

    /** Hands over where the pictures of all committed rows lie. The pictures have an id, a path, a size and a time, and nothing else. */
    public void forEachPlace(BiConsumer<ImageId, Picture> rows) {
        OpenTable table = supervisor.require();
        await(
                table.scan(() -> {
                    table.table().allPlaces(rows);
                    return true;
                }),
                SCAN_DEADLINE);
    }

    /** The open table, if this server's embeddings can be compared with its vectors. */
    private OpenTable searchable() {
        OpenTable table = supervisor.require();
        table.guard().requireSearchable();
        return table;
    }

    private PastNeighbors past(OpenTable table, Callable<PastNeighbors> search) {
        PastNeighbors found = await(table.read(search), READ_DEADLINE);
        return new PastNeighbors(found.version(), found.complete(), located(found.nearest()));
    }

    private Nearest located(Nearest found) {
        return new Nearest(
                found.neighbors().stream()
                        .map(hit -> new Neighbor(located(hit.picture()), hit.distance()))
                        .toList(),
                found.effort());
    }

    /** Gives the picture the address that it has in this store: rows of a copied bucket name the one they came from. */
    public Picture located(Picture picture) {
        return ImageId.parse(picture.id()).isPresent()
                ? picture.at(store.address(
                        SourceRows.keyIn(picture.id(), picture.path()).orElse(picture.id())))
                : picture;
    }

    private static <T> T await(Future<T> future, Duration deadline) {
        try {
            return future.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new TableBusyException("no answer from the table within " + deadline.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while waiting for the table");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("the table cannot be read: " + e.getCause(), e);
        }
    }
}
