package dev.glimpse.pictures;

import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Deletes pictures, by way of the trash unless they are purged, and takes deletes back. */
@RestController
class TrashController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** A delete may have to wait for another server's commit, a restore for the encoder and its own. */
    private static final long DEADLINE_SECONDS = 60;

    private final Remover remover;
    private final Restorer restorer;

    TrashController(Remover remover, Restorer restorer) {
        this.remover = remover;
        this.restorer = restorer;
    }

    /** @param restored false if the picture had not been deleted */
    record Restored(String id, boolean restored) {}

    /**
     * A deleted picture is kept in the trash for a while unless it is to be purged. One of a source stays where it lies.
     *
     * @param picture whether the object of a picture of a source goes as well
     */
    @DeleteMapping("/images/{name}")
    ResponseEntity<Void> delete(
            @PathVariable String name,
            @RequestParam(defaultValue = "false") boolean purge,
            @RequestParam(defaultValue = "false") boolean picture,
            HttpServletRequest request) {
        ImageId id = parse(name);
        Conditions.requireForChange(id.sha256(), request);
        await(remover.remove(id, purge, picture));
        audit.info("deleted {} purge={} picture={}", id, purge, picture);
        return ResponseEntity.noContent().build();
    }

    /** Takes a delete back. */
    @PostMapping(path = "/images/{name}/restore", produces = MediaType.APPLICATION_JSON_VALUE)
    Restored restore(@PathVariable String name) {
        ImageId id = parse(name);
        Restored restored = new Restored(id.toString(), await(restorer.restore(id)));
        audit.info("restored {}", id);
        return restored;
    }

    static ImageId parse(String name) {
        return ImageId.parse("images/" + name).orElseThrow(() -> PictureNotFoundException.misnamed("images/" + name));
    }

    // A copy: the future may be shared with others, and a timeout is ours alone.
    static <T> T await(CompletableFuture<T> change) {
        return change.copy().orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join();
    }
}
