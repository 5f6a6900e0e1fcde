package dev.glimpse.upload;

import dev.glimpse.image.ImageId;
import java.util.concurrent.TimeUnit;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class DeleteController {
    /** A delete may have to wait for another server's commit. */
    private static final long DEADLINE_SECONDS = 60;

    private final Remover remover;

    DeleteController(Remover remover) {
        this.remover = remover;
    }

    /** A deleted picture is kept in the trash for a while unless it is to be purged. */
    @DeleteMapping("/images/{name}")
    ResponseEntity<Void> delete(@PathVariable String name, @RequestParam(defaultValue = "false") boolean purge) {
        ImageId id = ImageId.parse("images/" + name)
                .orElseThrow(() -> new UnknownPictureException(
                        "a picture is called images/{sha256}.{ext}, and this is not: images/" + name));
        remover.remove(id, purge)
                .copy()
                .orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS)
                .join();
        return ResponseEntity.noContent().build();
    }
}
