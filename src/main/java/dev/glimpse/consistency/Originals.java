package dev.glimpse.consistency;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the original of a picture: under the key that its id says, or, if it belongs to a source, where its row says. A source may have
 * put other bytes there since. Then the picture is not there. Safe for use by several threads.
 */
public final class Originals {
    /** The keys of what is remembered of sources begin so. */
    public static final String KEYS = "sources/";

    /** Pictures of sources that were deleted while their objects stay: no source brings them back. */
    public static final String REMOVED = KEYS + "removed/";

    /** What was said of pictures of sources whose rows went, for when one brings them back. */
    public static final String SAID = KEYS + "said/";

    private final ObjectStore store;
    private final ImageDataset dataset;

    public Originals(ObjectStore store, ImageDataset dataset) {
        this.store = store;
        this.dataset = dataset;
    }

    /** The second in which an object was written: listings of some stores are more exact than their heads. */
    public static Instant second(Instant modified) {
        return modified.truncatedTo(ChronoUnit.SECONDS);
    }

    /**
     * The bytes of the original; empty if it is not there.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     * @throws TableBusyException if it is not under its id, and too many searches wait
     * @throws TableUnavailableException if it is not under its id, and the table is damaged, or being opened anew
     */
    public Optional<byte[]> read(ImageId id) {
        // Nearly all pictures are under their ids, and show also while the table does not answer.
        return store.get(id.toString())
                .or(() -> dataset.sourceRows()
                        .find(id)
                        .flatMap(place -> store.get(place.key(), place.bytes()))
                        .filter(bytes -> ImageId.of(bytes, id.format()).equals(id)));
    }

    /**
     * What the store says of the original; empty if it is not there, or was deleted while the object of its source stays. What is said of
     * a picture of a source is in its row alone, so its metadata is empty.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     * @throws TableBusyException if too many searches wait
     * @throws TableUnavailableException if the table is damaged, or being opened anew
     */
    public Optional<ObjectHead> head(ImageId id) {
        return store.head(id.toString())
                .or(() -> dataset.sourceRows()
                        .find(id)
                        .flatMap(this::headOf)
                        .filter(head -> !isRemoved(id))
                        .map(head -> new ObjectHead(head.bytes(), Map.of(), head.lastModified(), head.etag())));
    }

    /** What the store says of the object at a place; empty if there is none, or it was written since. */
    Optional<ObjectHead> headOf(Place place) {
        return store.head(place.key())
                .filter(head -> head.bytes() == place.bytes()
                        && second(head.lastModified()).equals(place.modified()));
    }

    // ---- what was said of pictures whose rows went

    private static String saidKey(ImageId id) {
        return SAID + id.name();
    }

    /**
     * Keeps what the row of a picture of a source says, as the row is about to go, in place of what was kept before. Only caption and tags
     * count: a file name comes with the object.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public void keepSaid(ImageId id, @Nullable String caption, List<String> tags) {
        store.delete(saidKey(id));
        UploadMetadata said = new UploadMetadata(null, caption, tags);
        if (!said.equals(UploadMetadata.NOTHING)) {
            boolean unused = store.putIfAbsent(saidKey(id), new byte[0], "text/plain", said.toMetadata(null, null));
        }
    }

    /** As {@link #keepSaid}, of what the row says that is read here, if it is that of a picture of a source that was not deleted. */
    void keepSaidByRow(ImageId id) {
        if (dataset.sourceRows().find(id).isPresent() && !isRemoved(id)) {
            // Another server may have changed the row.
            dataset.refresh().join();
            dataset.find(id).ifPresent(row -> keepSaid(id, row.caption(), row.tags()));
        }
    }

    /**
     * What was kept of a picture; nothing if nothing was.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public UploadMetadata said(ImageId id) {
        return store.head(saidKey(id))
                .map(head -> UploadMetadata.fromMetadata(head.metadata()).notes())
                .orElse(UploadMetadata.NOTHING);
    }

    // ---- pictures that were deleted while their objects stay

    /** The object that says that a picture was deleted while the object of its source stays. */
    public static String removedKey(ImageId id) {
        return REMOVED + id.name();
    }

    /**
     * Whether a picture was deleted while the object of its source stayed. Asks the store.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if it does not answer
     */
    public boolean isRemoved(ImageId id) {
        return store.head(removedKey(id)).isPresent();
    }

    /** Remembers that no source is to bring this picture back, until {@link #welcome}. */
    void remove(ImageId id, String key) {
        boolean unused =
                store.putIfAbsent(removedKey(id), key.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
    }

    /**
     * Forgets that a picture was deleted while its object stays.
     *
     * @return the key of the object; empty if the picture was not deleted so
     */
    Optional<String> removedFrom(ImageId id) {
        return store.get(removedKey(id)).map(key -> new String(key, StandardCharsets.UTF_8));
    }

    /** A source may bring this picture back from now on. */
    void welcome(ImageId id) {
        store.delete(removedKey(id));
    }
}
