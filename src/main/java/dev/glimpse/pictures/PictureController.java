package dev.glimpse.pictures;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.Tickets;
import dev.glimpse.storage.ObjectStore;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.ServletWebRequest;

/** Serves what hits point to: a picture's id is its URL. */
@RestController
class PictureController {
    private static final int THUMBNAIL_SIDE = 256;

    /** Some thousand thumbnails, or a dozen originals: what is looked at shows also while the store is away. */
    private static final long CACHE_BYTES = 24L << 20;

    /**
     * The content is named by its hash, so it never changes, but it may be deleted: a cache has to ask each time whether the picture is
     * still there, which costs no request to the store.
     */
    private static final String ASK_ALWAYS = "no-cache";

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final ImageDecoder decoder;
    private final Tickets tickets;
    private final Cache<ImageId, byte[]> thumbnails = cache();
    private final Cache<ImageId, byte[]> originals = cache();

    PictureController(ObjectStore store, ImageDataset dataset, ImageDecoder decoder, Tickets tickets) {
        this.store = store;
        this.dataset = dataset;
        this.decoder = decoder;
        this.tickets = tickets;
    }

    private static Cache<ImageId, byte[]> cache() {
        return Caffeine.newBuilder()
                .maximumWeight(CACHE_BYTES)
                .weigher((ImageId id, byte[] bytes) -> bytes.length)
                .build();
    }

    @GetMapping("/images/{name}")
    ResponseEntity<?> original(@PathVariable String name, HttpServletRequest request) {
        ImageId id = parse(name);
        String tag = id.sha256();
        if (clientHas(id, tag, request)) {
            return unchanged(tag, request);
        }
        return answer(id.name(), id.format().mediaType(), tag, originals.get(id, this::read), request);
    }

    @GetMapping("/images/{name}/thumbnail")
    ResponseEntity<?> thumbnail(@PathVariable String name, HttpServletRequest request) {
        ImageId id = parse(name);
        String tag = id.sha256() + "-" + THUMBNAIL_SIDE;
        if (clientHas(id, tag, request)) {
            return unchanged(tag, request);
        }
        Ticket ticket = tickets.of(Purpose.VIEW, request);
        byte[] jpeg = thumbnails.get(
                id,
                missing -> decoder.decodeInTrueColors(read(missing), ticket, image -> image.thumbnail(THUMBNAIL_SIDE)));
        return answer(tag + ".jpg", MediaType.IMAGE_JPEG_VALUE, tag, jpeg, request);
    }

    private ImageId parse(String name) {
        ImageId id = ImageId.parse("images/" + name)
                .orElseThrow(() -> new PictureNotFoundException(
                        "a picture is called images/{sha256}.{ext}, and this is not: images/" + name));
        if (!dataset.stateOf(id).isShown()) {
            // It may have been deleted; the store knows.
            thumbnails.invalidate(id);
            originals.invalidate(id);
        }
        return id;
    }

    private byte[] read(ImageId id) {
        return store.get(id.toString()).orElseThrow(() -> new PictureNotFoundException("there is no picture " + id));
    }

    /**
     * Whether the client has the picture and the table still has it too. Asks memory alone. A picture that is in no row may have been
     * deleted, which the store knows.
     */
    private boolean clientHas(ImageId id, String tag, HttpServletRequest request) {
        return request.getHeader(HttpHeaders.IF_NONE_MATCH) != null
                && request.getHeader(HttpHeaders.IF_MATCH) == null
                && dataset.stateOf(id).isShown()
                && new ServletWebRequest(request).checkNotModified(quoted(tag));
    }

    private static ResponseEntity<?> unchanged(String tag, HttpServletRequest request) {
        return ResponseEntity.status(HttpStatus.NOT_MODIFIED)
                .header(HttpHeaders.CACHE_CONTROL, caching(request))
                .eTag(quoted(tag))
                .build();
    }

    private static ResponseEntity<?> answer(
            String filename, String type, String tag, byte[] bytes, HttpServletRequest request) {
        return ResponseEntity.ok()
                .contentType(MediaType.parseMediaType(type))
                .header(HttpHeaders.CACHE_CONTROL, caching(request))
                .eTag(quoted(tag))
                .header("Content-Disposition", "inline; filename=\"" + filename + "\"")
                .header(HttpHeaders.ACCEPT_RANGES, "bytes")
                .body(PictureRange.asked(request, quoted(tag)) ? PictureRange.of(bytes, request) : bytes);
    }

    /** Where callers need keys, no cache may show a picture to someone else. */
    private static String caching(HttpServletRequest request) {
        return (request.getAuthType() == null ? "public, " : "private, ") + ASK_ALWAYS;
    }

    private static String quoted(String tag) {
        return "\"" + tag + "\"";
    }
}
