package dev.glimpse.search;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.Processors;
import dev.glimpse.image.WorkClass;
import dev.glimpse.storage.ObjectStore;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Serves what hits point to: a picture's id is its URL. */
@RestController
class PictureController {
    private static final int THUMBNAIL_SIDE = 256;

    /** Some thousand thumbnails, or a dozen originals: what is looked at shows also while the store is away. */
    private static final long CACHE_BYTES = 24L << 20;

    /** The content is named by its hash, so it never changes. */
    private static final CacheControl FOR_EVER =
            CacheControl.maxAge(Duration.ofDays(365)).cachePublic().immutable();

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final ImageDecoder decoder;
    private final Claims claims;
    private final Cache<ImageId, byte[]> thumbnails = cache();
    private final Cache<ImageId, byte[]> originals = cache();

    PictureController(ObjectStore store, ImageDataset dataset, ImageDecoder decoder, Claims claims) {
        this.store = store;
        this.dataset = dataset;
        this.decoder = decoder;
        this.claims = claims;
    }

    private static Cache<ImageId, byte[]> cache() {
        return Caffeine.newBuilder()
                .maximumWeight(CACHE_BYTES)
                .weigher((ImageId id, byte[] bytes) -> bytes.length)
                .build();
    }

    @GetMapping("/images/{name}")
    ResponseEntity<ByteArrayResource> original(@PathVariable String name) {
        ImageId id = parse(name);
        return answer(id.name(), id.format().mediaType(), id.sha256(), originals.get(id, this::read));
    }

    @GetMapping("/images/{name}/thumbnail")
    ResponseEntity<ByteArrayResource> thumbnail(@PathVariable String name, HttpServletRequest request) {
        ImageId id = parse(name);
        Processors.Claim claim = claims.of(WorkClass.VIEW, request);
        byte[] jpeg = thumbnails.get(
                id, missing -> decoder.decodeInTrueColors(read(missing), claim).thumbnail(THUMBNAIL_SIDE));
        String tag = id.sha256() + "-" + THUMBNAIL_SIDE;
        return answer(tag + ".jpg", MediaType.IMAGE_JPEG_VALUE, tag, jpeg);
    }

    private ImageId parse(String name) {
        ImageId id = ImageId.parse("images/" + name)
                .orElseThrow(() -> new PictureNotFoundException(
                        "a picture is called images/{sha256}.{ext}, and this is not: images/" + name));
        if (!dataset.contains(id)) {
            // It may have been deleted; the store knows.
            thumbnails.invalidate(id);
            originals.invalidate(id);
        }
        return id;
    }

    private byte[] read(ImageId id) {
        return store.get(id.toString()).orElseThrow(() -> new PictureNotFoundException("there is no picture " + id));
    }

    private static ResponseEntity<ByteArrayResource> answer(String filename, String type, String tag, byte[] bytes) {
        return ResponseEntity.ok()
                .contentType(MediaType.parseMediaType(type))
                .cacheControl(FOR_EVER)
                .eTag("\"" + tag + "\"")
                .header("Content-Disposition", "inline; filename=\"" + filename + "\"")
                .body(new ByteArrayResource(bytes));
    }
}
