package dev.glimpse.pictures;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Picture;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.request.Tickets;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Serves what hits point to: a picture's id is its URL. */
@RestController
class PictureController {
    /**
     * The content is named by its hash, so it never changes, but it may be deleted: a cache has to ask each time whether the picture is
     * still there, which costs no request to the store.
     */
    private static final String ASK_ALWAYS = "no-cache";

    private final PictureViews views;
    private final ImageDataset dataset;
    private final Tickets tickets;

    PictureController(PictureViews views, ImageDataset dataset, Tickets tickets) {
        this.views = views;
        this.dataset = dataset;
        this.tickets = tickets;
    }

    /** The original or, for who prefers JSON, what its row says. */
    @GetMapping("/images/{name}")
    ResponseEntity<?> original(@PathVariable String name, HttpServletRequest request)
            throws HttpMediaTypeNotAcceptableException {
        ImageId id = views.parse("images/" + name);
        if (Accepted.by(request)
                .prefersJsonTo(MediaType.parseMediaType(id.format().mediaType()))) {
            return described(id);
        }
        String tag = id.sha256();
        Conditions.requireForRead(tag, request);
        if (clientHas(id, tag, request)) {
            return unchanged(tag, request);
        }
        return answer(id.name(), id.format().mediaType(), tag, views.original(id), request);
    }

    /** What the row of a picture says. */
    @GetMapping(path = "/images/{name}/metadata", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Picture> metadata(@PathVariable String name) {
        return described(views.parse("images/" + name));
    }

    /** No cache may keep it, as it changes with each edit. */
    private ResponseEntity<Picture> described(ImageId id) {
        Picture picture = dataset.find(id)
                .orElseThrow(() -> new PictureNotFoundException("no row of the picture " + id + " is known"));
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .varyBy(HttpHeaders.ACCEPT)
                .body(picture);
    }

    /** @param size pixels of the longer side, at most: 256, 512 or 1024 */
    @GetMapping("/images/{name}/thumbnail")
    ResponseEntity<?> thumbnail(
            @PathVariable String name, @RequestParam(defaultValue = "256") String size, HttpServletRequest request)
            throws HttpMediaTypeNotAcceptableException {
        Thumbnail thumbnail = new Thumbnail(
                views.parse("images/" + name),
                Thumbnail.parseSide(size),
                Accepted.by(request).thumbnail());
        String tag = thumbnail.tag();
        Conditions.requireForRead(tag, request);
        if (clientHas(thumbnail.id(), tag, request)) {
            return unchanged(tag, request);
        }
        byte[] bytes = views.thumbnail(thumbnail, tickets.of(Purpose.VIEW, request));
        return answer(thumbnail.filename(), thumbnail.format().mediaType(), tag, bytes, request);
    }

    /**
     * Whether the client has the picture and the table still has it too. Asks memory alone. A picture that is in no row may have been
     * deleted, which the store knows.
     */
    private boolean clientHas(ImageId id, String tag, HttpServletRequest request) {
        return Conditions.clientHas(tag, request) && dataset.stateOf(id).isShown();
    }

    private static ResponseEntity<?> unchanged(String tag, HttpServletRequest request) {
        return ResponseEntity.status(HttpStatus.NOT_MODIFIED)
                .varyBy(HttpHeaders.ACCEPT)
                .header(HttpHeaders.CACHE_CONTROL, caching(request))
                .eTag(quoted(tag))
                .build();
    }

    private static ResponseEntity<?> answer(
            String filename, String type, String tag, byte[] bytes, HttpServletRequest request) {
        PictureRange range = PictureRange.of(request, quoted(tag), bytes.length).orElse(null);
        ResponseEntity.BodyBuilder answer = range == null
                ? ResponseEntity.ok()
                : ResponseEntity.status(HttpStatus.PARTIAL_CONTENT)
                        .header(HttpHeaders.CONTENT_RANGE, range.contentRange(bytes.length));
        return answer.contentType(MediaType.parseMediaType(type))
                .varyBy(HttpHeaders.ACCEPT)
                .header(HttpHeaders.CACHE_CONTROL, caching(request))
                .eTag(quoted(tag))
                .header("Content-Disposition", "inline; filename=\"" + filename + "\"")
                .header(HttpHeaders.ACCEPT_RANGES, "bytes")
                .body(range == null ? bytes : Arrays.copyOfRange(bytes, range.start(), range.end()));
    }

    /** Where callers need keys, no cache may show a picture to someone else. */
    private static String caching(HttpServletRequest request) {
        return (request.getAuthType() == null ? "public, " : "private, ") + ASK_ALWAYS;
    }

    private static String quoted(String tag) {
        return "\"" + tag + "\"";
    }
}
