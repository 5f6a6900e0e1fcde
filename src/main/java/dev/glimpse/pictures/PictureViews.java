package dev.glimpse.pictures;

import dev.glimpse.consistency.Originals;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ThumbnailFormat;
import dev.glimpse.meters.CacheMeters;
import dev.glimpse.meters.Meters;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import org.springframework.stereotype.Component;

/**
 * Reads pictures for those who look at them. Keeps what was looked at lately, which so shows also while the store is away. Safe for use by
 * several threads.
 */
@Component
public final class PictureViews implements MeterBinder {
    /** Sides of thumbnails, in pixels. */
    public static final List<Integer> SIDES = Thumbnail.SIDES;

    /** Some thousand thumbnails of the smallest size or two hundred of the largest, or a dozen originals. */
    private static final long CACHE_BYTES = 24L << 20;

    private final Originals stored;
    private final ImageDataset dataset;
    private final ImageDecoder decoder;
    private final Meters meters = new Meters();
    private final MadeOnce<Thumbnail> thumbnails = new MadeOnce<>(CACHE_BYTES, new CacheMeters(meters, "thumbnails"));
    private final MadeOnce<ImageId> originals = new MadeOnce<>(CACHE_BYTES, new CacheMeters(meters, "originals"));

    PictureViews(ObjectStore store, ImageDataset dataset, ImageDecoder decoder) {
        this.stored = new Originals(store, dataset);
        this.dataset = dataset;
        this.decoder = decoder;
    }

    /**
     * Reads the id of a picture, which may not be there.
     *
     * @throws PictureNotFoundException if no picture is ever called so
     */
    public ImageId parse(String text) {
        ImageId id = ImageId.parse(text).orElseThrow(() -> PictureNotFoundException.misnamed(text));
        if (!dataset.stateOf(id).isShown()) {
            // It may have been deleted; the store knows.
            thumbnails.forget(Thumbnail.allOf(id));
            originals.forget(List.of(id));
        }
        return id;
    }

    /**
     * The bytes of a picture, which the caller must not change.
     *
     * @throws PictureNotFoundException if there is no such picture
     */
    byte[] original(ImageId id) {
        return originals.get(id, () -> read(id));
    }

    /**
     * The bytes of a thumbnail, which the caller must not change.
     *
     * @throws PictureNotFoundException if there is no such picture
     */
    byte[] thumbnail(Thumbnail thumbnail, Ticket ticket) {
        return thumbnails.get(
                thumbnail, () -> decoder.thumbnail(read(thumbnail.id()), thumbnail.side(), thumbnail.format(), ticket));
    }

    /**
     * A picture as a JPEG, which the caller must not change.
     *
     * @param side pixels of the longer side, at most; one of {@link #SIDES}
     * @throws PictureNotFoundException if there is no such picture
     */
    public byte[] jpeg(ImageId id, int side, Ticket ticket) {
        return thumbnail(new Thumbnail(id, side, ThumbnailFormat.JPEG), ticket);
    }

    private byte[] read(ImageId id) {
        return RequestMeter.using(StoreUse.VIEWS, () -> stored.read(id))
                .orElseThrow(() -> PictureNotFoundException.missing(id));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }
}
