package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import java.util.concurrent.TimeUnit;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class RestoreController {
    /** For the trash, the encoder and a commit. */
    private static final long DEADLINE_SECONDS = 60;

    private final Restorer restorer;

    RestoreController(Restorer restorer) {
        this.restorer = restorer;
    }

    /** @param restored false if the picture had not been deleted */
    record Restored(String id, boolean restored) {}

    /** Takes a delete back. */
    @PostMapping(path = "/images/{name}/restore", produces = MediaType.APPLICATION_JSON_VALUE)
    Restored restore(@PathVariable String name) {
        ImageId id = ImageId.parse("images/" + name)
                .orElseThrow(() -> new UnknownPictureException(
                        "a picture is called images/{sha256}.{ext}, and this is not: images/" + name));
        return new Restored(
                id.toString(),
                restorer.restore(id)
                        .copy()
                        .orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS)
                        .join());
    }
}
